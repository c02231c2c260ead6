"""`feedserver init`: the dialogue, the file that it makes, and what it says."""

import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedserver.cli.answers import Answers, document, holds_password, settings_of, values
from feedserver.cli.dialogue import Around, Given
from feedserver.cli.init import make_file
from feedserver.clock import system_clock
from feedserver.crm.demo import DemoCrm
from feedserver.errors import FeedserverError, SettingsError
from feedserver.serving import refuse_open_reading
from feedserver.settings import Settings, load_settings
from feedserver.sources.clarify.evidence import Evidence, look
from tests.builders import FakeClock
from tests.cli.conftest import Command
from tests.sources.clarify_builder import Clarify

AUTHORITY = "feeds.sample-works.com"


class Person:
    """Somebody who answers by the prompts, and remembers all that was said.

    An answer that is a function is called, and answers what that gives.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            name.replace("__", "."): list(given) if isinstance(given, list) else [given]
            for name, given in answers.items()
        }
        self.prompts: list[str] = []
        self.told: list[str] = []

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        assert len(self.prompts) < 30, "the same is asked again and again"
        name = prompt.partition(" ")[0].partition(":")[0]
        left = self.answers.get(name, [])
        answer = left.pop(0) if left else ""
        return str(answer() if callable(answer) else answer)

    def tell(self, text: str) -> None:
        self.told.append(text)

    @property
    def heard(self) -> str:
        return "\n".join(self.told)


class Desk:
    """A folder, a CRM and a clock, at which people make settings."""

    def __init__(self, folder: Path, crm: Clarify) -> None:
        self.crm = crm
        self.clock = FakeClock()  # at noon, UTC
        self.path = folder / "instance" / "feedserver.toml"

    def look(self, url: str, since: date | None) -> Evidence:
        return look("crm", url, self.clock(), since)

    def make(self, person: Person, machine: str | None = None, **given: Any) -> int:
        """Let the person make the settings; 0 or how it ended."""
        around = Around(person.tell, person.ask, self.clock, machine, self.look)
        return make_file(self.path, Given(**given), around)

    def make_alone(self, **given: Any) -> str:
        """Make the settings with nobody there; gives what was said."""
        said: list[str] = []
        around = Around(said.append, None, self.clock, None, self.look)
        assert make_file(self.path, Given(**given), around) == 0
        return "\n".join(said)

    def settings(self) -> Settings:
        return load_settings({**os.environ, "FEEDSERVER_SETTINGS": str(self.path)})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose CRM has its newest entry three minutes ago, by a clock in Chicago (CDT)."""
    crm = Clarify(tmp_path / "crm.sqlite")
    case = crm.case()
    for shown in ("2024-02-01 10:00:00", "2026-01-01 00:00:00", "2026-05-08 06:57:00"):
        crm.entry(time=shown, act_entry2case=case)
    yield Desk(tmp_path, crm)
    crm.close()


def answers_for(desk: Desk, **others: Any) -> dict[str, Any]:
    return {"authority": AUTHORITY, "url": desk.crm.url, **others}


def test_what_was_answered_is_what_is_loaded(desk: Desk) -> None:
    person = Person(
        **answers_for(
            desk,
            base_url="http://127.0.0.1:8001",
            timezone="America/Mexico_City",
            start="2026-01-01",
            links__case='http://crm.sample-works.com/case?a="1"&id={id}',
            links__solution="http://crm.sample-works.com/solution/{objid}",
        )
    )
    person.answers["timezone"] *= 2  # it does not fit, so it is asked for again

    assert desk.make(person) == 0

    settings = desk.settings()
    assert settings.authority == f"{AUTHORITY},2026"
    assert settings.base_url == "http://127.0.0.1:8001"
    assert settings.reading == "open"
    assert settings.sources == {
        "crm": {
            "type": "clarify",
            "url": desk.crm.url,
            "timezone": "America/Mexico_City",
            "start": "2026-01-01",
            "links": {
                "case": 'http://crm.sample-works.com/case?a="1"&id={id}',
                "solution": "http://crm.sample-works.com/solution/{objid}",
            },
        }
    }


def test_an_empty_answer_takes_the_default(desk: Desk) -> None:
    person = Person(**answers_for(desk))

    desk.make(person)

    settings = desk.settings()
    assert (settings.base_url, settings.has_base_url) == ("http://127.0.0.1:8000", False)
    assert settings.sources["crm"]["timezone"] == "America/Chicago"
    assert settings.sources["crm"]["start"] == "all"
    assert "links" not in settings.sources["crm"]


@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("authority", "", "cannot stand in ids"),
        ("authority", "https://sample-works.com/", "cannot stand in ids"),
        ("authority", "example.com", "example.com is set aside for examples"),
        ("authority", "feeds.example.org,2026", "is set aside for examples"),
        ("authority", "yourcompany.example", "is set aside for examples"),
        ("authority", "demo.invalid,2026", "is set aside for examples"),
        ("authority", "intranet", "is no full domain name"),
        ("authority", "sample\x1b[D.com", "holds characters that nobody sees"),
        ("base_url", "feeds.sample-works.com", "is no address of a server"),
        ("base_url", "http://127.0.0.1:99999", "is no address of a server"),
        ("url", "/srv/crm.sqlite", "is no SQLAlchemy address"),
        ("url", "sqlite:////nowhere/crm.sqlite", "`url` names no file: /nowhere/crm.sqlite"),
        ("url", "oracle+nothing://x", "is no SQLAlchemy address"),
        ("url", "sqlite:////${NOT_SET_AT_ALL}", "${NOT_SET_AT_ALL}, which the settings name"),
        ("timezone", "Chicago", "timezone is no time zone"),
        ("timezone", "../etc", "timezone is no time zone"),
        ("start", "yesterday", "start = 'yesterday': write"),
        ("start", "2026-13-01", "start = '2026-13-01': write"),
        ("links.case", "crm/{id}", "links.case = 'crm/{id}' is no http or https address"),
        ("links.solution", "http://crm/{number}", "links.solution = 'http://crm/{number}'"),
    ],
)
def test_a_wrong_answer_is_told_why_and_asked_for_again(
    desk: Desk, name: str, wrong: str, reason: str
) -> None:
    person = Person(**answers_for(desk))
    right = person.answers.get(name, [""])
    person.answers[name] = [wrong, *right]

    assert desk.make(person) == 0

    assert reason in person.heard
    assert len([prompt for prompt in person.prompts if prompt.startswith(name)]) == 2
    assert desk.settings().authority == f"{AUTHORITY},2026"


def test_a_database_that_is_no_crm_is_asked_for_again(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but long enough to be looked at as one" * 30)
    other = Clarify(tmp_path / "other.sqlite", without_tables=["table_act_entry"])
    other.close()
    person = Person(authority=AUTHORITY, url=[f"sqlite:///{tmp_path}/text", other.url, ""])

    desk.make(person)

    assert "file is not a database" in person.heard
    assert "has no table table_act_entry" in person.heard


def test_what_is_in_the_crm_is_told(desk: Desk) -> None:
    person = Person(**answers_for(desk))

    desk.make(person)

    told = "Found 3 entries, the newest of 2026-05-08 06:57, the oldest of 2024-02-01 10:00."
    assert told in person.heard


def test_a_crm_without_entries_can_be_set_up(desk: Desk, tmp_path: Path) -> None:
    empty = Clarify(tmp_path / "empty.sqlite")
    empty.close()
    person = Person(authority=AUTHORITY, url=empty.url, timezone=["", "Europe/Berlin"], start="now")

    desk.make(person)

    assert "Found 0 entries." in person.heard
    assert "nothing tells in which zone its clock is" in person.heard
    assert desk.settings().sources["crm"]["timezone"] == "Europe/Berlin"


def test_the_newest_entry_names_the_zone(desk: Desk) -> None:
    person = Person(**answers_for(desk))

    desk.make(person)

    assert (
        "Its newest entry is 5 h behind the clock here (UTC): "
        "the CRM's clock may be America/Chicago.\nThe same time is shown today in America/Bogota."
    ) in person.heard
    assert "timezone [America/Chicago]: " in person.prompts


def test_the_machines_own_zone_is_named_first(desk: Desk) -> None:
    person = Person(**answers_for(desk))

    desk.make(person, machine="America/Winnipeg")

    assert desk.settings().sources["crm"]["timezone"] == "America/Winnipeg"


def test_the_time_that_passes_until_the_crm_is_named_does_not_age_its_entries(desk: Desk) -> None:
    def slowly() -> str:
        desk.clock.advance(1200)
        desk.crm.entry(time="2026-05-08 07:17:00")
        return AUTHORITY

    person = Person(**answers_for(desk, authority=slowly))

    desk.make(person)

    assert "timezone [America/Chicago]: " in person.prompts


def test_an_old_entry_names_no_zone_and_there_is_no_default(desk: Desk) -> None:
    desk.clock.advance(40 * 86_400)
    person = Person(**answers_for(desk, timezone=["", "Europe/Berlin"]))

    desk.make(person)

    assert "too old to tell" in person.heard
    assert person.prompts.count("timezone: ") == 2
    assert "timezone is not set, and has no default" in person.heard
    assert desk.settings().sources["crm"]["timezone"] == "Europe/Berlin"


def test_a_zone_against_the_evidence_must_be_answered_twice(desk: Desk) -> None:
    person = Person(**answers_for(desk, timezone=["Europe/Berlin", "Asia/Tokyo", "Asia/Tokyo"]))

    desk.make(person)

    assert (
        "In Europe/Berlin its newest entry is 7 h 3 min old, in America/Chicago 3 min old. "
        "If it is so all the same, answer it again."
    ) in person.heard
    assert desk.settings().sources["crm"]["timezone"] == "Asia/Tokyo"


def test_a_zone_in_which_an_entry_is_of_the_future_must_be_answered_twice(desk: Desk) -> None:
    desk.clock.advance(40 * 60)  # no zone fits now
    person = Person(**answers_for(desk, timezone=["America/Denver", "America/Chicago"]))

    desk.make(person)

    assert "In America/Denver its newest entry is 17 min in the future. If" in person.heard
    assert desk.settings().sources["crm"]["timezone"] == "America/Chicago"


@pytest.mark.parametrize("zone", ["America/Chicago", "America/Winnipeg", "Etc/GMT+5"])
def test_any_zone_that_fits_is_taken_at_once(desk: Desk, zone: str) -> None:
    person = Person(**answers_for(desk, timezone=zone))

    desk.make(person)

    assert desk.settings().sources["crm"]["timezone"] == zone
    assert len([prompt for prompt in person.prompts if prompt.startswith("timezone")]) == 1


def test_each_start_is_told_with_the_entries_that_it_would_bring(desk: Desk) -> None:
    person = Person(**answers_for(desk, start="2026-01-02"))

    desk.make(person)

    assert "  all         3 entries; only into an empty log\n" in person.heard
    assert "  now         none" in person.heard
    assert "  2026-01-01  2 entries, those from that day on" in person.heard
    assert "That will bring 1 entry." in person.heard


def test_without_a_crm_there_is_no_source_and_nothing_more_is_asked(desk: Desk) -> None:
    person = Person(authority=AUTHORITY, url="")

    desk.make(person)

    assert desk.settings().sources == {}
    assert [prompt.partition(" ")[0] for prompt in person.prompts] == [
        "authority:",
        "base_url",
        "url:",
    ]
    assert "feedserver grant add --write me" in person.heard
    assert "source try" not in person.heard


def test_three_sentences_are_shown_as_they_would_be_recorded(desk: Desk) -> None:
    desk.crm.entry(1700, time="2026-05-08 06:58:00", act_entry2user=desk.crm.user())
    person = Person(**answers_for(desk))

    desk.make(person)

    shown = [line for line in person.told if line.startswith("  20")]
    assert [line.split("Z  ")[0] for line in shown] == [
        "  2026-01-01T06:00:00",
        "  2026-05-08T11:57:00",
        "  2026-05-08T11:58:00",
    ]
    assert "Ann Sample logged a note" in shown[-1]
    assert "case 1234: Printer on fire" in shown[0]


def test_the_next_commands_are_told(desk: Desk) -> None:
    person = Person(**answers_for(desk))

    desk.make(person)

    assert f"The settings are in {desk.path}" in person.heard
    next_steps = person.heard.partition("Next:")[2]
    places = [
        next_steps.index(command)
        for command in ("feedserver source try crm", "feedserver pull --once", "feedserver serve")
    ]
    assert places == sorted(places)
    assert "http://127.0.0.1:8000" in next_steps
    assert "grant" not in next_steps


def test_an_address_that_others_reach_needs_grants(desk: Desk) -> None:
    person = Person(**answers_for(desk, base_url="https://feeds.sample-works.com"))

    desk.make(person)

    settings = desk.settings()
    assert settings.reading == "private"
    refuse_open_reading(settings, "127.0.0.1")  # so `serve` will start
    assert 'reading = "private"' in person.heard
    assert "feedserver grant add LABEL" in person.heard


def test_the_file_may_be_read_by_its_owner_alone_and_nothing_lies_beside_it(desk: Desk) -> None:
    before = os.umask(0)
    try:
        desk.make(Person(**answers_for(desk)))
    finally:
        os.umask(before)

    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600
    assert os.listdir(desk.path.parent) == ["feedserver.toml"]


def test_a_file_that_is_there_is_left_as_it_is_and_nothing_is_asked(desk: Desk) -> None:
    desk.path.parent.mkdir()
    desk.path.write_text("# mine")
    person = Person()

    with pytest.raises(SettingsError, match=f"{desk.path} is there already"):
        desk.make(person)

    assert desk.path.read_text() == "# mine"
    assert person.prompts == []


def test_a_file_that_somebody_makes_meanwhile_is_left_as_it_is(desk: Desk) -> None:
    def meanwhile() -> str:
        desk.path.parent.mkdir()
        desk.path.write_text("# mine")
        return "all"

    with pytest.raises(SettingsError, match=f"{desk.path} is there already"):
        desk.make(Person(**answers_for(desk, start=meanwhile)))

    assert desk.path.read_text() == "# mine"
    assert os.listdir(desk.path.parent) == ["feedserver.toml"]


def test_a_link_to_nowhere_is_a_file_that_is_there(desk: Desk) -> None:
    desk.path.parent.mkdir()
    desk.path.symlink_to("elsewhere.toml")
    person = Person()

    with pytest.raises(SettingsError, match="is there already"):
        desk.make(person)

    assert person.prompts == []


def test_where_no_file_can_be_made_nothing_is_asked(desk: Desk) -> None:
    desk.path.parent.write_text("no folder")
    person = Person()

    with pytest.raises(SettingsError, match="cannot be made: nothing can be written to"):
        desk.make(person)

    assert person.prompts == []


def leaves() -> str:
    raise KeyboardInterrupt


def ends() -> str:
    raise EOFError


@pytest.mark.parametrize("name", ["authority", "url", "timezone", "links__solution"])
def test_who_leaves_with_ctrl_c_leaves_nothing(
    desk: Desk, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    person = Person(**answers_for(desk, **{name: leaves}))

    assert desk.make(person) == 130

    assert not desk.path.parent.exists()
    assert "nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["authority", "url", "timezone", "links__solution"])
def test_where_the_answers_end_nothing_is_written(desk: Desk, name: str) -> None:
    person = Person(**answers_for(desk, **{name: ends}))

    with pytest.raises(FeedserverError, match="ended too early, so nothing was written"):
        desk.make(person)

    assert not desk.path.parent.exists()


def test_what_an_option_says_is_not_asked(desk: Desk) -> None:
    person = Person(url=desk.crm.url)

    desk.make(person, authority=AUTHORITY, base_url="http://127.0.0.1:81", start="now")

    assert [prompt.partition(" ")[0] for prompt in person.prompts] == [
        "url:",
        "timezone",
        "links.case:",
        "links.solution:",
    ]
    assert "links.case" not in person.heard
    assert desk.settings().sources["crm"]["start"] == "now"


@pytest.mark.parametrize("link", ["case_link", "solution_link"])
def test_where_one_link_is_given_the_other_is_still_asked_for_with_its_why(
    desk: Desk, link: str
) -> None:
    person = Person(**answers_for(desk))

    desk.make(person, **{link: "http://crm/{id}"})

    assert person.heard.count("Where people see a case and a solution") == 1


def test_with_every_option_nobody_is_needed(desk: Desk) -> None:
    said = desk.make_alone(
        authority=f"{AUTHORITY},2020",
        url=desk.crm.url,
        timezone="Europe/Berlin",
        start="2026-01-01",
        case_link="http://crm/{id}",
    )

    assert "Found 3 entries" in said
    assert "In Europe/Berlin its newest entry is 7 h 3 min old, in America/Chicago 3 min" in said
    assert "That will bring 2 entries." in said
    assert desk.settings().authority == f"{AUTHORITY},2020"
    assert desk.settings().base_url == "http://127.0.0.1:8000"
    assert desk.settings().sources["crm"]["links"] == {"case": "http://crm/{id}"}


def test_without_a_source_only_the_authority_is_needed(desk: Desk) -> None:
    desk.make_alone(authority=AUTHORITY, no_source=True)

    assert desk.settings().sources == {}


def test_a_name_of_the_environment_stays_in_the_file_as_it_was_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_FOLDER", str(desk.crm.path.parent))
    url = "sqlite:///${CRM_FOLDER}/crm.sqlite"

    desk.make(Person(**answers_for(desk, url=url)))

    assert tomllib.loads(desk.path.read_text())["sources"]["crm"]["url"] == url
    assert desk.settings().sources["crm"]["url"] == desk.crm.url


@pytest.mark.filterwarnings("ignore:Query string argument")
def test_a_password_in_the_address_is_told_of_and_never_told(desk: Desk) -> None:
    person = Person(**answers_for(desk, url=f"{desk.crm.url}?password=open-sesame"))

    desk.make(person)

    assert "It holds the password of the CRM's database." in person.heard
    assert "${CRM_PASSWORD}" in person.heard
    assert "open-sesame" not in "\n".join([*person.told, *person.prompts])
    assert "open-sesame" in desk.path.read_text()


def test_an_address_without_a_password_is_not_warned_of(desk: Desk) -> None:
    person = Person(**answers_for(desk))

    desk.make(person)

    assert "It holds the password" not in person.heard


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("mssql+pyodbc://reader:open-sesame@crm", True),
        ("mssql+pyodbc://reader:open/sesame?%40@crm", True),
        ("mssql+pyodbc://:sesame@crm", True),
        ("mssql+pyodbc://reader:${CRM_PASSWORD}@crm", False),
        ("mssql+pyodbc://reader:${CRM_PASSWORD}!@crm", True),
        ("mssql+pyodbc://reader@crm:1433/x", False),
        ("mssql+pyodbc:///?odbc_connect=Driver%3Dx%3BUID%3Dr%3BPWD%3Dsesame%3B", True),
        ("mssql+pyodbc:///?odbc_connect=Driver%3Dx%3BUID%3Dr%3BPWD%3D${CRM_PASSWORD}%3B", False),
        ("postgresql://h/x?user=r&password=sesame", True),
        ("postgresql://h/x?password=${CRM_PASSWORD}&user=r", False),
        ("sqlite:////srv/pwd=here/crm.sqlite", False),
    ],
)
def test_a_password_is_found_where_it_is_written_out(url: str, holds: bool) -> None:
    assert holds_password(url) is holds


texts = st.text(st.characters(codec="utf-8"))


@given(
    st.builds(
        Answers,
        authority=texts,
        base_url=texts,
        reading=st.none() | texts,
        url=st.none() | texts,
        timezone=texts,
        start=texts,
        case_link=texts,
        solution_link=texts,
    )
)
@example(Answers('\x00\x7f"\\\r\n\u2028${X}', url="'''"))
def test_whatever_is_answered_is_what_the_file_says(answers: Answers) -> None:
    assert tomllib.loads(document(answers)) == values(answers)


def test_the_file_says_of_each_setting_what_it_is_for() -> None:
    text = document(
        Answers("sample-works.com,2026", url="sqlite:////srv/crm.sqlite", case_link="http://c/{id}")
    )

    assert text.splitlines()[3:] == [
        'authority = "sample-works.com,2026"      # in all ids, for ever; final',
        '# base_url = "http://127.0.0.1:8000"     # the address readers use, if it is another',
        "",
        "[sources.crm]",
        'type     = "clarify"',
        'url      = "sqlite:////srv/crm.sqlite"   # the CRM\'s database, which is only read',
        'timezone = "UTC"                         # the zone of the CRM\'s clock; final',
        'start    = "now"                         # "all", "now" or the first day; final',
        'links    = { case = "http://c/{id}" }',
    ]


def test_the_file_that_the_readme_shows_is_the_one_that_is_made() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)

    read = tomllib.loads(shown)

    source = read["sources"]["crm"]
    answers = Answers(
        read["authority"],
        url=source["url"],
        timezone=source["timezone"],
        start=source["start"],
        case_link=source["links"]["case"],
        solution_link=source["links"]["solution"],
    )
    assert document(answers).endswith(f"\n\n{shown}")


def test_the_source_that_a_file_without_one_proposes_is_one(tmp_path: Path) -> None:
    text = document(Answers("sample-works.com,2026"))
    table = text[text.index("# [sources.crm]") :]

    proposed = tomllib.loads("\n".join(line.removeprefix("# ") for line in table.splitlines()))

    wanted = Answers(
        "sample-works.com,2026",
        url="sqlite:////path/to/clarify.sqlite",
        timezone="America/Chicago",
        start="all",
    )
    assert proposed["sources"] == values(wanted)["sources"] == settings_of(wanted).sources


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is to make the settings."""
    path = tmp_path / "new" / "feedserver.toml"
    monkeypatch.setenv("FEEDSERVER_SETTINGS", str(path))
    return path


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ([], "--authority, --url (or --no-source), --timezone, --start"),
        (["--no-source"], "--authority"),
        (["--authority", AUTHORITY, "--start", "all"], "--url (or --no-source), --timezone"),
        (["--authority", AUTHORITY, "--url", "sqlite:////x"], "--timezone, --start"),
    ],
)
def test_without_a_terminal_what_is_final_must_be_said(
    command: Command, settings_file: Path, options: list[str], lacking: str
) -> None:
    said = command("init", *options)

    assert said.code == 1
    assert said.err == (
        f"feedserver: standard input is no terminal, so nobody can be asked; say {lacking}\n"
    )
    assert not settings_file.parent.exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--authority", "example.com"], "authority = 'example.com'"),
        (["--base-url", "nowhere"], "base_url = 'nowhere' is no address"),
        (["--url", "sqlite:////nowhere/crm.sqlite"], "`url` names no file"),
        (["--url", ""], "--url is empty"),
        (["--timezone", "Chicago"], "timezone is no time zone"),
        (["--start", ""], "start = ''"),
        (["--case-link", "crm"], "links.case = 'crm'"),
        (["--solution-link", "crm"], "links.solution = 'crm'"),
    ],
)
def test_a_wrong_option_is_one_line_and_nothing_is_written(
    command: Command, settings_file: Path, desk: Desk, options: list[str], reason: str
) -> None:
    right = ["--authority", AUTHORITY, "--url", desk.crm.url, "--timezone", "UTC", "--start", "all"]

    said = command("init", *right, *options)

    assert said.code == 1
    assert said.err.startswith("feedserver: ")
    assert reason in said.err
    assert said.err.count("\n") == 1
    assert not settings_file.parent.exists()


def test_a_source_and_none_is_wrong_usage(command: Command, settings_file: Path) -> None:
    assert command("init", "--url", "sqlite:////x", "--no-source").code == 2


def test_with_the_file_that_was_made_the_crm_is_recorded(
    command: Command, settings_file: Path, tmp_path: Path
) -> None:
    crm = DemoCrm(tmp_path / "demo.sqlite", system_clock)
    crm.prepare(days=1)

    made = command(
        "init",
        *("--authority", AUTHORITY, "--url", crm.url, "--timezone", "UTC", "--start", "all"),
    )
    pulled = command("pull", "--once")

    assert (made.code, made.err) == (0, "")
    assert "Next:" in made.out
    assert pulled.code == 0
    assert pulled.out.startswith("crm: ")
    assert int(pulled.out.split()[1]) > 10
    again = command("init", "--authority", AUTHORITY, "--no-source")
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert f"{settings_file} is there already" in again.err


class Terminal:
    """A process at a terminal of its own, to which somebody types."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.said = ""
        self._ours, theirs = pty.openpty()
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("FEEDSERVER_") and name not in ("LINES", "TZ")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "feedserver", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**environment, "TERM": "dumb", "COLUMNS": "90"},
            start_new_session=True,
        )
        os.close(theirs)

    def expect(self, text: str) -> None:
        """Read until the text has been said since the last answer. Fails after 30 seconds."""
        deadline = time.monotonic() + 30
        while text not in self.said and self._read(deadline):
            pass
        assert text in self.said, self.said

    def type(self, answer: str) -> None:
        self.said = ""
        os.write(self._ours, f"{answer}\n".encode())

    def close(self) -> int:
        """Wait for the end, and give the exit code."""
        try:
            while self._read(time.monotonic() + 30):
                pass
            return self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait(10)
            os.close(self._ours)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        try:
            got = os.read(self._ours, 65536) if ready else b""
        except OSError:  # what Linux says where the other end is closed
            got = b""
        self.said += got.decode().replace("\r\n", "\n")
        return bool(got)


def test_a_newcomer_at_a_terminal_gets_settings_that_work(tmp_path: Path) -> None:
    crm = Clarify(tmp_path / "crm.sqlite")
    crm.entry(time=system_clock().strftime("%Y-%m-%d %H:%M:%S"), act_entry2case=crm.case())
    crm.close()
    terminal = Terminal(tmp_path, "init")

    for prompt, answer in [
        ("authority: ", "example.com"),
        ("authority: ", AUTHORITY),
        ("base_url [http://127.0.0.1:8000]: ", ""),
        ("url: ", "sqlite:////nowhere/crm.sqlite"),
        ("url: ", crm.url),
        ("timezone [", "UTC"),
        ("start [all]: ", ""),
        ("links.case: ", "http://crm/{id}"),
        ("links.solution: ", ""),
    ]:
        terminal.expect(prompt)
        terminal.type(answer)
    terminal.expect("feedserver serve")

    assert terminal.close() == 0
    assert "instance/feedserver.toml" in terminal.said
    settings = load_settings(
        {"FEEDSERVER_SETTINGS": str(tmp_path / "instance" / "feedserver.toml")}
    )
    assert settings.sources["crm"]["url"] == crm.url
    assert all(len(line) <= 90 for line in terminal.said.splitlines())


def test_ctrl_c_at_a_terminal_leaves_with_130_and_a_line(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "init")
    terminal.expect("authority: ")

    for _ in range(6):  # one that comes just when readline begins to wait is not noticed
        terminal.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            terminal.process.wait(5)
            break

    assert terminal.close() == 130
    assert "nothing was written" in terminal.said
    assert "Traceback" not in terminal.said
    assert os.listdir(tmp_path) == []


def test_ctrl_d_at_a_terminal_leaves_with_1_and_a_line(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "init")
    terminal.expect("authority: ")

    terminal.type("\x04")

    assert terminal.close() == 1
    assert "feedserver: the answers ended too early, so nothing was written" in terminal.said
    assert os.listdir(tmp_path) == []
