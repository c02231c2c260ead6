"""Settings: the file, the environment over it, and what is refused."""

from collections.abc import Callable, Mapping
from contextlib import chdir
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from feedserver.errors import SettingsError
from feedserver.settings import (
    SETTINGS,
    SOURCE_SETTINGS,
    Limits,
    Settings,
    load_settings,
    make_settings,
)

Write = Callable[[str], dict[str, str]]

FILE = """
authority = "example.com,2026"
title = "Support feeds"

[sources.crm]
type = "clarify"
url = "sqlite:////crm.sqlite"
every = 10
links = { case = "http://crm.example/{id}" }
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the file, and gives the environment that names it."""
    path = tmp_path / "feedserver.toml"

    def write(text: str) -> dict[str, str]:
        path.write_text(text, encoding="utf-8")
        return {"FEEDSERVER_SETTINGS": str(path)}

    return write


def made(**values: Any) -> Settings:
    return make_settings(Path("/folder"), {"authority": "example.com,2026", **values})


def refusal(values: Mapping[str, Any]) -> str:
    with pytest.raises(SettingsError) as refused:
        make_settings(Path("/folder"), values)
    return str(refused.value)


def refusal_of_source(name: str = "crm", **values: Any) -> str:
    return refusal({"authority": "example.com", "sources": {name: {"type": "clarify", **values}}})


def test_what_the_file_says_is_set(write: Write, tmp_path: Path) -> None:
    settings = load_settings(write(FILE))

    assert settings.authority == "example.com,2026"
    assert settings.title == "Support feeds"
    assert settings.sources == {
        "crm": {
            "type": "clarify",
            "url": "sqlite:////crm.sqlite",
            "every": 10,
            "links": {"case": "http://crm.example/{id}"},
        }
    }
    assert settings.folder == tmp_path


def test_what_is_not_said_has_its_default() -> None:
    assert made() == Settings(
        folder=Path("/folder"),
        authority="example.com,2026",
        base_url="http://127.0.0.1:8000",
        store="sqlite:///feedserver.db",
        reading="open",
        title="feedserver",
        display_timezone="UTC",
        has_base_url=False,
        limits=Limits(max_body=1_048_576, max_title=1000, max_tags=100, max_batch=1000),
        max_polls=60,
        sources={},
    )


def test_every_setting_has_a_meaning_for_people() -> None:
    rows = (*SETTINGS, *chain.from_iterable(SOURCE_SETTINGS.values()))

    assert all(row.meaning.endswith((".", "`")) for row in rows)


def test_the_folder_is_absolute_also_where_the_file_is_named_relatively(
    write: Write, tmp_path: Path
) -> None:
    write(FILE)

    with chdir(tmp_path):
        settings = load_settings({"FEEDSERVER_SETTINGS": "feedserver.toml"})

    assert settings.folder == tmp_path


@pytest.mark.parametrize("environment", [{}, {"FEEDSERVER_SETTINGS": ""}])
def test_without_a_name_the_file_is_in_the_instance_folder(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "feedserver.toml").write_text(FILE)

    with chdir(tmp_path):
        settings = load_settings(environment)

    assert (settings.folder, settings.title) == (tmp_path / "instance", "Support feeds")


def test_the_environment_wins_over_the_file(write: Write) -> None:
    environment = {**write(FILE), "FEEDSERVER_TITLE": "Other feeds"}

    settings = load_settings(environment)

    assert (settings.title, settings.authority) == ("Other feeds", "example.com,2026")


def test_a_setting_within_a_source_is_named_with_two_underscores(write: Write) -> None:
    environment = {
        **write(FILE),
        "FEEDSERVER_SOURCES__CRM__URL": "sqlite:////other.sqlite",
        "FEEDSERVER_SOURCES__CRM__LINKS__SOLUTION": "http://crm.example/s/{id}",
        "FEEDSERVER_SOURCES__MAIL__TYPE": "clarify",
    }

    settings = load_settings(environment)

    assert settings.sources["crm"]["url"] == "sqlite:////other.sqlite"
    assert settings.sources["crm"]["every"] == 10
    assert settings.sources["crm"]["links"] == {
        "case": "http://crm.example/{id}",
        "solution": "http://crm.example/s/{id}",
    }
    assert settings.sources["mail"] == {"type": "clarify"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("0.5", 0.5), ("1_000", 1000)],
)
def test_a_number_in_the_environment_is_a_number(write: Write, text: str, value: float) -> None:
    environment = {**write(FILE), "FEEDSERVER_SOURCES__CRM__EVERY": text}

    assert load_settings(environment).sources["crm"]["every"] == value


@pytest.mark.parametrize("text", ["2026", "true", "0.5", "2026-05-08", "[1]", "{}", "a # b", "'x'"])
def test_a_text_in_the_environment_is_that_text(write: Write, text: str) -> None:
    environment = {**write(FILE), "FEEDSERVER_TITLE": text}

    assert load_settings(environment).title == text


def test_the_environment_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings({"FEEDSERVER_AUTHORITY": "example.com,2026"})

    assert (settings.authority, settings.folder) == ("example.com,2026", tmp_path / "instance")


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    environment = {
        "FEEDSERVER_SETTINGS": str(tmp_path / "none.toml"),
        "FEEDSERVER_AUTHORITY": "example.com,2026",
    }

    with pytest.raises(SettingsError, match=r"No settings at .*none\.toml"):
        load_settings(environment)


@pytest.mark.parametrize("zone", ["Nowhere/Land", "Europe", "../etc", "x" * 300])
def test_a_zone_of_the_pages_must_be_one(write: Write, zone: str) -> None:
    environment = {**write(FILE), "FEEDSERVER_DISPLAY_TIMEZONE": zone}

    with pytest.raises(SettingsError, match="is no time zone"):
        load_settings(environment)


def test_what_else_is_in_the_environment_is_no_setting(write: Write) -> None:
    environment = {**write(FILE), "FEEDSERVER_TEST_DATA": "/data", "TITLE": "x", "HOME": "/root"}

    assert load_settings(environment).title == "Support feeds"


def test_names_of_the_environment_are_replaced(write: Write) -> None:
    text = FILE.replace(
        "sqlite:////crm.sqlite", "db://${CRM_USER}:${CRM_PASSWORD}@host/${CRM_USER}"
    )

    settings = load_settings({**write(text), "CRM_USER": "ann", "CRM_PASSWORD": "p$1{x}"})

    assert settings.sources["crm"]["url"] == "db://ann:p$1{x}@host/ann"


def test_what_only_looks_like_a_name_of_the_environment_stays(write: Write) -> None:
    text = FILE.replace("Support feeds", "$5 ${} $HOME {id}")

    assert load_settings(write(text)).title == "$5 ${} $HOME {id}"


def test_a_name_that_is_not_in_the_environment_is_refused(write: Write) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(write(FILE.replace("Support feeds", "${CRM_TITLE}")))

    assert str(refused.value) == (
        "${CRM_TITLE}, which the settings name, is not in the environment"
    )


def test_no_file_and_no_environment_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"

    with pytest.raises(SettingsError) as refused:
        load_settings({"FEEDSERVER_SETTINGS": str(path)})

    assert str(refused.value) == (
        f"No settings at {path}. Make them with: feedserver init (or name another file in "
        "FEEDSERVER_SETTINGS, or try: feedserver demo)"
    )


def test_what_is_no_toml_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(write("authority = example.com"))

    assert str(refused.value).startswith(f"{tmp_path / 'feedserver.toml'} is no TOML: ")


def test_what_is_no_utf_8_is_refused(write: Write, tmp_path: Path) -> None:
    environment = write("")
    (tmp_path / "feedserver.toml").write_bytes(b'title = "\xff"')

    with pytest.raises(SettingsError, match="is no TOML: "):
        load_settings(environment)


def test_the_authority_must_be_set() -> None:
    assert refusal({}).startswith(
        "authority is not set, and has no default. A domain name of yours"
    )


@pytest.mark.parametrize(
    "name", ["authority", "base_url", "store", "reading", "title", "display_timezone"]
)
@pytest.mark.parametrize("value", [5, "", True, ["x"]])
def test_a_setting_that_is_no_text_is_refused(name: str, value: object) -> None:
    values = {"authority": "example.com", name: value}

    assert refusal(values) == f"{name} = {value!r} is no text"


def test_an_unknown_setting_is_named_with_the_nearest() -> None:
    assert refusal({"autority": "x"}) == "autority is no setting. Did you mean authority?"
    assert refusal({"source": {}}) == "source is no setting. Did you mean sources?"


def test_an_unknown_setting_like_no_other_is_told_with_all_there_are() -> None:
    assert refusal({"xyzzy": "x"}) == (
        "xyzzy is no setting. Known: authority, base_url, store, reading, title, "
        "display_timezone, max_body, max_title, max_tags, max_batch, max_polls, sources."
    )


@pytest.mark.parametrize("reading", ["open", "private"])
def test_who_may_read_is_one_of_two_words(reading: str) -> None:
    assert made(reading=reading).reading == reading
    assert refusal({"authority": "example.com", "reading": f"{reading}ly"}) == (
        f'reading = \'{reading}ly\': write "open" or "private"'
    )


@pytest.mark.parametrize("name", ["max_body", "max_title", "max_tags", "max_batch"])
def test_limits_are_whole_numbers_above_0_also_from_the_environment(
    write: Write, name: str
) -> None:
    assert getattr(made(**{name: 7}).limits, name) == 7
    environment = write(FILE) | {f"FEEDSERVER_{name.upper()}": "12"}
    assert getattr(load_settings(environment).limits, name) == 12

    wrongs: tuple[object, ...] = (0, -1, 1.5, True, "many", "-3", "1e9", [], "٣")
    for wrong in wrongs:
        said = refusal({"authority": "example.com", name: wrong})
        assert said.startswith(f"{name} = {wrong!r} is no whole number above 0. ")


def test_the_limit_of_polls_is_a_whole_number_and_0_is_none() -> None:
    assert made(max_polls=7).max_polls == 7
    assert made(max_polls=0).max_polls == 0

    for wrong in (-1, 1.5, "many"):
        said = refusal({"authority": "example.com", "max_polls": wrong})
        assert said.startswith(f"max_polls = {wrong!r} is no whole number, 0 or more. ")


@pytest.mark.parametrize(
    "base_url",
    [
        "feeds.example",
        "ftp://feeds.example",
        "http://",
        "http:///x",
        "http://a//b",
        "http://a/?b",
        "http://a/#b",
        "http://a b",
        "http://a\nb",
        "http://user:secret@a",
        "http://[::1",
        "http://a:99999",
        "http://a:0",
        "http://ä",
    ],
)
def test_a_base_url_that_is_no_address_is_refused(base_url: str) -> None:
    assert refusal({"authority": "example.com", "base_url": base_url}) == (
        f"base_url = {base_url!r} is no address of a server; write http://host:port or "
        "https://host/path, without user, query or fragment"
    )


@pytest.mark.parametrize("title", ["a\x01b", "a\nb"])
def test_a_title_that_no_feed_can_carry_is_refused(title: str) -> None:
    assert "holds characters that nobody sees" in refusal(
        {"authority": "example.com", "title": title}
    )


@pytest.mark.parametrize("name", ["feeds", "ns", "categories"])
def test_a_source_cannot_have_a_name_that_means_something_else_in_ids(name: str) -> None:
    sources = {name: {"type": "clarify"}}

    assert "name it otherwise" in refusal({"authority": "example.com", "sources": sources})


def test_a_file_of_notepad_is_read(write: Write) -> None:
    assert load_settings(write("\ufeff" + FILE)).title == "Support feeds"


@pytest.mark.parametrize(
    "base_url", ["http://feeds.example", "https://a.example:8443/crm/", "http://[::1]:8000"]
)
def test_a_base_url_may_have_a_port_and_a_path(base_url: str) -> None:
    assert made(base_url=base_url).base_url == base_url


@pytest.mark.parametrize("sources", ["crm", ["crm"], 5])
def test_sources_that_are_no_tables_are_refused(sources: object) -> None:
    assert refusal({"authority": "example.com", "sources": sources}) == (
        "sources must be tables: [sources.crm]"
    )


def test_a_source_that_is_no_table_is_refused() -> None:
    assert refusal({"authority": "example.com", "sources": {"crm": "clarify"}}) == (
        "[sources.crm] must be a table"
    )


@pytest.mark.parametrize("name", ["CRM", "my_crm", "1crm", "-crm", "", "crm/eu", "crm\n", "ü"])
def test_a_source_whose_name_cannot_stand_in_ids_is_refused(name: str) -> None:
    assert refusal_of_source(name) == (
        f"[sources.{name}]: a source's name is made of a-z, 0-9 and -; it is in ids"
    )


@pytest.mark.parametrize("name", ["crm", "crm-2", "c"])
def test_a_source_may_be_called_by_letters_and_digits(name: str) -> None:
    assert set(made(sources={name: {"type": "clarify"}}).sources) == {name}


def test_an_unknown_setting_of_a_source_is_named_with_the_nearest() -> None:
    assert refusal_of_source(timezon="UTC") == (
        "[sources.crm] timezon is no setting. Did you mean timezone?"
    )
    assert refusal_of_source(xyzzy=1) == (
        "[sources.crm] xyzzy is no setting. "
        "Known: type, url, timezone, start, every, window, links, sentences, tags."
    )


@pytest.mark.parametrize("every", [0, -1, "5", True, float("nan"), float("inf"), [5]])
def test_a_pace_that_is_no_number_of_seconds_is_refused(every: object) -> None:
    assert (
        refusal_of_source(every=every) == f"[sources.crm] every = {every!r} is no number of seconds"
    )


@pytest.mark.parametrize("every", [1, 0.5, 3600])
def test_a_pace_may_be_any_number_of_seconds(every: float) -> None:
    assert made(sources={"crm": {"every": every}}).sources["crm"]["every"] == every


def test_a_table_in_the_environment_and_what_lies_in_it_are_one(write: Write) -> None:
    environment = {
        **write(FILE),
        "FEEDSERVER_SOURCES__MAIL__EVERY": "7",
        "FEEDSERVER_SOURCES": '{ mail = { type = "clarify" } }',
    }

    assert load_settings(environment).sources["mail"] == {"type": "clarify", "every": 7}


@pytest.mark.parametrize("reverse", [False, True])
def test_a_setting_that_the_environment_makes_a_text_and_a_table_is_refused(
    write: Write, reverse: bool
) -> None:
    names = ["FEEDSERVER_SOURCES", "FEEDSERVER_SOURCES__CRM__URL"]
    environment = {**write(FILE), **dict.fromkeys(sorted(names, reverse=reverse), "x")}

    with pytest.raises(SettingsError) as refused:
        load_settings(environment)

    assert str(refused.value) == (
        "FEEDSERVER_SOURCES__CRM__URL lies in sources, which the environment makes no table"
    )
