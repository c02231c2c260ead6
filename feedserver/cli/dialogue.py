"""The questions of `feedserver init`, each asked until its answer is right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from feedserver.assembly import make_sources
from feedserver.cli.answers import Answers, settings_of
from feedserver.clock import Clock
from feedserver.errors import FeedserverError, SettingsError
from feedserver.model.identity import dated_authority, is_for_examples
from feedserver.model.zones import age_in, aged, evidence_of_zone, zones_of
from feedserver.serving import refuse_open_reading
from feedserver.settings import DEFAULT_BASE_URL, replaced
from feedserver.sources.clarify.evidence import Evidence

_OTHERS = 6  # zones that are named beside the first one

_AUTHORITY = """
A domain name of yours. It stands in the id of everything that is recorded, for ever; nothing needs
to be served there. The year is added: yourcompany.com becomes yourcompany.com,{year}."""

_BASE_URL = """
The address by which readers reach this server. It stands in links only and can be changed later."""

_URL = """
The CRM's database, as an SQLAlchemy address; it is only read. A password may be written as
${CRM_PASSWORD}: it is taken from the environment, now and later. Empty: no CRM is polled, and what
is recorded is only what is posted.
  sqlite:////path/to/clarify.sqlite
  mssql+pyodbc://reader:${CRM_PASSWORD}@crm"""

_TIMEZONE = """
The CRM stores local times. In which zone is its clock? Final once something is recorded."""

_START = """
How far back shall be recorded? Final too."""

_LINKS = """
Where people see a case and a solution in the CRM, so that entries lead there; {id} becomes the
number: http://server/dovetail/Cases/Summary/{id}. May be empty, and can be changed later."""


@dataclass(frozen=True, slots=True)
class Given:
    """What options said; None for what they did not."""

    authority: str | None = None
    base_url: str | None = None
    url: str | None = None
    timezone: str | None = None
    start: str | None = None
    case_link: str | None = None
    solution_link: str | None = None
    no_source: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What a dialogue has around it: the person, the time, the machine's zone and the CRM.

    `ask` shows a prompt and gives the answer; it is None where nobody is there to be asked. `look`
    gives the evidence in the database at a URL, of the entries from a day on.
    """

    tell: Callable[[str], None]
    ask: Callable[[str], str] | None
    clock: Clock
    machine_timezone: str | None
    look: Callable[[str, date | None], Evidence]


def missing(given: Given) -> list[str]:
    """The options without which the settings cannot be made where nobody can be asked.

    These are what the first record makes final, and have no default therefore.
    """
    wanted = [("--authority", given.authority)]
    if not given.no_source:
        wanted += [
            ("--url (or --no-source)", given.url),
            ("--timezone", given.timezone),
            ("--start", given.start),
        ]
    return [option for option, value in wanted if value is None]


def hold(given: Given, around: Around) -> Answers:
    """The settings, from what was given and from what the person answers to the rest.

    Raises FeedserverError where something given is wrong, or missing with nobody to be asked.
    """
    if around.ask is None and (lacking := missing(given)):
        raise SettingsError(
            f"standard input is no terminal, so nobody can be asked; say {', '.join(lacking)}"
        )
    if given.url == "":
        raise SettingsError("--url is empty; write the CRM's database, or say --no-source")
    return _Dialogue(given, around).hold()


class _Dialogue:
    """Goes through the questions; the answers so far are always right together."""

    def __init__(self, given: Given, around: Around) -> None:
        self._given = given
        self._around = around
        self._answers = Answers("")
        self._found = Evidence(0, None, None)
        self._found_at = around.clock()
        self._zones: tuple[str, ...] = ()
        self._doubted = ""

    def hold(self) -> Answers:
        given, year = self._given, self._around.clock().year
        self._settle("authority", given.authority, _AUTHORITY.format(year=year), self._authority)
        self._settle("base_url", given.base_url, _BASE_URL, self._base_url, DEFAULT_BASE_URL)
        if not given.no_source:
            self._settle("url", given.url, _URL, self._url)
        if self._answers.url is not None:
            self._source()
        return self._answers

    def _source(self) -> None:
        given, newest, zones = self._given, self._found.newest, self._zones
        why = f"{_TIMEZONE}\n{evidence_of_zone(newest, self._found_at, zones)}"
        if zones[1:]:
            others = ", ".join(zones[1 : 1 + _OTHERS])
            why += f"\nThe same time is shown today in {others}."
        self._settle("timezone", given.timezone, why, self._timezone, "".join(zones[:1]))
        why = _START if given.start is not None else f"{_START}\n{self._starts()}"
        self._settle("start", given.start, why, self._start, "all")
        self._settle(
            "links.case",
            given.case_link,
            _LINKS,
            lambda text: replace(self._answers, case_link=text),
        )
        self._settle(
            "links.solution",
            given.solution_link,
            "" if given.case_link is None else _LINKS,
            lambda text: replace(self._answers, solution_link=text),
        )

    def _settle(
        self,
        name: str,
        given: str | None,
        why: str,
        take: Callable[[str], Answers],
        default: str = "",
    ) -> None:
        """Add an answer: the given one, else the person's, asked again while it is wrong."""
        if given is not None or self._around.ask is None:
            self._answers = self._taken(take, default if given is None else given)
            return
        if why:
            self._around.tell(why)
        while True:
            text = self._around.ask(f"{name} [{default}]: " if default else f"{name}: ")
            try:
                self._answers = self._taken(take, text.strip() or default)
                return
            except FeedserverError as error:
                self._around.tell(str(error))

    def _taken(self, take: Callable[[str], Answers], text: str) -> Answers:
        if not text.isprintable():
            raise SettingsError(f"{text!r} holds characters that nobody sees")
        answers = take(text)
        for source in make_sources(settings_of(answers), answers.authority, self._around.clock):
            source.close()
        return answers

    def _authority(self, text: str) -> Answers:
        authority = dated_authority(text, self._around.clock())
        domain = authority.partition(",")[0]
        if is_for_examples(authority):
            raise SettingsError(
                f"authority = {text!r}: {domain} is set aside for examples and tests (RFC 2606); "
                "write a domain name that is yours"
            )
        if "." not in domain:
            raise SettingsError(
                f"authority = {text!r} is no full domain name; write it with its end, "
                f"{domain}.yourcompany.com"
            )
        return replace(self._answers, authority=authority)

    def _base_url(self, text: str) -> Answers:
        answers = replace(self._answers, base_url=text, reading=None)
        settings = settings_of(answers)  # where it is no address, that is all there is to say
        try:
            refuse_open_reading(settings, "127.0.0.1")
        except SettingsError:
            self._around.tell(
                "Others than this machine reach that address, so readers will need a grant "
                '(reading = "private").'
            )
            return replace(answers, reading="private")
        return answers

    def _url(self, text: str) -> Answers:
        if not text:
            return replace(self._answers, url=None)
        answers = replace(self._answers, url=text)
        if self._around.ask is not None:
            self._around.tell("Looking …")
        found = self._around.look(replaced(text), None)
        self._found, self._found_at = found, self._around.clock()
        if found.newest is not None:
            machine = self._around.machine_timezone
            self._zones = zones_of(found.newest, self._found_at, machine)
        told = f"Found {_entries(found.count)}"
        if found.newest is not None and found.oldest is not None:
            told += (
                f", the newest of {_minute(found.newest)}, the oldest of {_minute(found.oldest)}"
            )
        self._around.tell(f"{told}.")
        return answers

    def _timezone(self, text: str) -> Answers:
        doubt = self._doubt(text)
        if doubt is not None and text != self._doubted:
            if self._given.timezone is None:
                self._doubted = text
                raise SettingsError(f"{doubt} If it is so all the same, answer it again.")
            self._around.tell(doubt)
        return replace(self._answers, timezone=text)

    def _doubt(self, zone: str) -> str | None:
        """What speaks against that zone: an entry of the future, or that others fit and it not."""
        newest, at = self._found.newest, self._found_at
        age = None if newest is None else age_in(zone, newest, at)
        if newest is None or age is None or zone in zones_of(newest, at, zone):
            return None
        told = f"In {zone} its newest entry is {aged(age)}"
        if self._zones:
            level = age_in(self._zones[0], newest, at)
            return f"{told}, in {self._zones[0]} {aged(level or timedelta())}."
        return f"{told}." if age < timedelta() else None

    def _start(self, text: str) -> Answers:
        answers = replace(self._answers, start=text)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return answers
        found = self._around.look(replaced(answers.url), day)
        self._around.tell(f"That will bring {_entries(found.count)}.")
        return answers

    def _starts(self) -> str:
        """The possible starts, each with how many entries it would bring."""
        lines = [
            f"  all         {_entries(self._found.count)}; only into an empty log",
            "  now         none, but what comes from now on",
        ]
        if self._found.newest is not None:
            day = self._found.newest.date().replace(month=1, day=1)
            count = self._around.look(replaced(self._answers.url), day).count
            lines.append(f"  {day}  {_entries(count)}, those from that day on; any day will do")
        return "\n".join(lines)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def _minute(shown: datetime) -> str:
    return f"{shown:%Y-%m-%d %H:%M}"
