"""Checks of the feeds: each kind of them, in every format, held against the rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

from feedserver.assembly import Server
from feedserver.diagnosis.results import Check, Result, Sign, ok
from feedserver.diagnosis.senders import senders_of
from feedserver.errors import FeedserverError
from feedserver.formats import FORMATS
from feedserver.model.activity import Activity
from feedserver.model.addresses import COLLECTIONS, feed_path
from feedserver.model.feed import Page, Removal
from feedserver.model.query import parse_parameters, parse_query
from feedserver.ports import Format
from feedserver.services.reading import represent
from feedserver.validity import CHECKS
from feedserver.validity.findings import Finding
from feedserver.validity.saying import Said, said

MANY = 200_000  # versions; the index reads 40,000 of them a second
TELLS_VERSIONS = ("atom", "json", "as1")
BOOLEAN = "verb:close or not type:case"
NOBODY = "a name that nothing has"
UNAVOIDABLE = (
    "UnknownNamespace",
    "BadCharacters",
    "ContainsHTML",
    "ContainsUndeclaredHTML",
    "ContainsEmail",
    "ArchiveIncomplete",
    "UriNotIri",
    "NonCanonicalURI",
    "SchemeNotIANARegistered",
)
"""Warnings of what is as it should be: the validator does not know Activity Streams, the only
archive of a feed has none beside it, and what a source holds is shown as it is, an id byte for
byte. That nothing is escaped wrongly is seen in another way: all formats have to say the same."""

_TRIES = 3  # of a feed in which something is recorded all the time
_TOLD = 5  # findings of a feed that are told one by one
_MEND = (
    "Whatever is recorded, feeds are to keep these rules: this is a fault of feedserver. "
    "Report it with these lines."
)
_MEND_IDS = (
    "Ids stay as they are, and most readers take these. They were recorded before feedserver "
    "refused such ids; let their sender make others."
)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of feed: what it is called here, and the parameters that ask for it."""

    name: str
    pairs: Pairs
    formats: tuple[str, ...] = tuple(FORMATS)
    is_newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats by their extension, to be judged."""

    by_extension: Mapping[str, Format] = field(
        default_factory=lambda: {name: FORMATS[name]() for name in FORMATS}
    )


def checks_of_feeds(server: Server, now: datetime, formats: Formats) -> list[Check]:
    """A check for each kind of feed of the server, whose index is up to date."""
    judge = Judge(server, formats.by_extension, now, {})

    def check_of(kind: Kind) -> Check:
        return lambda: [judge.kind(kind)]

    return [*(check_of(kind) for kind in _kinds(server)), judge.activity, judge.ids]


def _kinds(server: Server) -> Iterator[Kind]:
    yield Kind("everything", [])
    for name in COLLECTIONS:
        busiest = server.index.names(name)[:1]
        if busiest:
            yield Kind(f"{name} {busiest[0].label}", [(name, busiest[0].value)])
    yield Kind("a boolean filter", [("filter", BOOLEAN)])
    yield Kind("full text", [("q", "case")])
    yield Kind("a filter that nothing passes", [("tag", NOBODY)])
    yield Kind("a feed without entries", [("limit", "0")])
    yield Kind("what is new, by cursor", [("after", "")], TELLS_VERSIONS, is_newest_first=False)
    head = _page(server, [("limit", "1")], FORMATS["json"]())
    for link in head.links:
        if link.rel == "next":
            yield Kind("older entries, by cursor", _of("before", link.href))
        elif link.rel == "prev-archive":
            yield Kind("an archive", _of("archive", link.href))


def _of(name: str, address: str) -> Pairs:
    return [pair for pair in parse_parameters(urlsplit(address).query) if pair[0] == name]


def _page(server: Server, pairs: Pairs, format: Format) -> Page:
    query = parse_query(pairs)
    others = [(name, value) for name, value in pairs if name in ("before", "after", "archive")]
    if query.limit != parse_query([]).limit:
        others.insert(0, ("limit", str(query.limit)))
    by_name = query.archive is None and NOBODY not in dict(pairs).values()
    target = feed_path(query.filter, format.extension, others, by_name)
    return server.reading.page(server.reading.select(query, represent(format), target))


@dataclass(frozen=True, slots=True)
class Judge:
    """Holds the feeds of a server against the rules, and keeps what is told of senders' ids."""

    server: Server
    formats: Mapping[str, Format]
    now: datetime
    told: dict[str, None]

    def kind(self, kind: Kind) -> Result:
        """What that kind of feed comes to, again where something was recorded meanwhile."""
        for _ in range(_TRIES):
            newest = self.server.log.newest()
            result = self._once(kind)
            if result.sign is Sign.OK or self.server.log.newest() == newest:
                break
        return result

    def activity(self) -> Iterator[Result]:
        """What the newest activity comes to by itself."""
        reading = self.server.reading
        versions = _page(self.server, [("limit", "1")], self.formats["json"]).activities
        if not versions:
            yield ok("one activity: there is none yet")
            return
        activity: Activity = versions[0]
        documents, addresses = {}, {}
        for extension, format in self.formats.items():
            view = reading.activity_view(activity, represent(format))
            documents[extension] = format.render_activity(activity, reading.page(view))
            addresses[extension] = view.address
        yield self._result("one activity", documents, addresses, [activity])

    def ids(self) -> Iterator[Result]:
        """The ids among all that was judged that no more are taken."""
        if self.told:
            some = f"{len(self.told):,} {'id' if len(self.told) == 1 else 'ids'}"
            text = f"{some} that others sent would be refused today: strict readers refuse them"
            yield Result(Sign.WARNING, text, _MEND_IDS, _shortened(list(self.told)))

    def _once(self, kind: Kind) -> Result:
        documents, addresses = {}, {}
        entries: list[Activity | Removal] = []
        for extension in kind.formats:
            page = _page(self.server, kind.pairs, self.formats[extension])
            documents[extension] = self.formats[extension].render(page)
            addresses[extension] = page.address
            entries += page.entries
        return self._result(kind.name, documents, addresses, entries, kind.is_newest_first)

    def _result(
        self,
        name: str,
        documents: Mapping[str, bytes],
        addresses: Mapping[str, str],
        sent: Sequence[Activity | Removal],
        is_newest_first: bool = True,
    ) -> Result:
        entries, wrong = _read(documents)
        wrong += _differences(entries)
        count = len(next(iter(entries.values()), ()))
        if is_newest_first:
            wrong += _disorder(next(iter(entries.values()), ()))
        findings = []
        senders = senders_of(sent)
        for extension, document in documents.items():
            for finding in CHECKS[extension](document, addresses[extension], self.now).all:
                if (line := senders.told(finding)) is not None:
                    self.told[line] = None
                elif finding.rule.name not in UNAVOIDABLE and not senders.has_named(finding):
                    findings.append((extension, finding))
        told = f"{name}: {count:,} {'entry' if count == 1 else 'entries'}"
        if not wrong and not findings:
            return ok(f"{told}, valid and the same in {', '.join(documents)}")
        lines = [*wrong, *(f".{extension}: {_told(finding)}" for extension, finding in findings)]
        is_wrong = wrong or any(not finding.rule.is_warning for _, finding in findings)
        return Result(Sign.FAILURE if is_wrong else Sign.WARNING, told, _MEND, _shortened(lines))


def _shortened(lines: Sequence[str]) -> tuple[str, ...]:
    """The first of the lines, and how many more there are."""
    more = len(lines) - _TOLD
    return (*lines[:_TOLD], f"and {more:,} more") if more > 0 else tuple(lines)


def _read(documents: Mapping[str, bytes]) -> tuple[dict[str, tuple[Said, ...]], list[str]]:
    """What each document says, and why one cannot be read."""
    entries, unreadable = {}, []
    for extension, document in documents.items():
        try:
            entries[extension] = said(extension, document)
        except FeedserverError as error:
            unreadable.append(str(error))
    return entries, unreadable


def _told(finding: Finding) -> str:
    return f"{finding}. Right: {finding.rule.right} ({finding.rule.source})"


def _differences(entries: Mapping[str, tuple[Said, ...]]) -> Iterator[str]:
    """What the formats say otherwise than the first of them."""
    first, reference = next(iter(entries.items()), ("", ()))
    for extension, its in entries.items():
        if [each.id for each in its] != [each.id for each in reference]:
            yield f".{extension}: other ids than in .{first}, or in another order"
            continue
        for own, other in zip(its, reference, strict=True):
            if (difference := own.differs_from(other)) is not None:
                yield f".{extension}: of {own.id} {difference} as in .{first}"


def _disorder(entries: Sequence[Said]) -> Iterator[str]:
    """Readers skip what is not older than what stands above it."""
    for above, below in pairwise(entries):
        dates = above.updated, below.updated
        if dates[0] is not None and dates[1] is not None and dates[0] <= dates[1]:
            yield f"{below.id} is not older than what stands above it ({below.updated})"
