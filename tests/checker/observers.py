"""Observers: readers of each kind, each of which holds what it is told against the history."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from time import monotonic

from tests.checker.client import Answer, Unanswered
from tests.checker.documents import TERMS, Entry, Feed, counts, links, parse
from tests.checker.history import History, Write
from tests.checker.scene import Scene
from tests.checker.working import Working

_MAX_STARTS = 20  # of one walk; each deletion in the feed moves its archives
_QUIET = 30  # seconds in which a reader must come to the end of what is there


@dataclass(slots=True)
class Told:
    """What a cursor reader was told: the titles in order, and by id, None for a removal."""

    titles: list[str] = field(default_factory=list)
    by_id: defaultdict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))


class Observer(Working, ABC):
    """A reader of one feed in one format."""

    pause = 0.1
    is_quiet = False
    """Whether nobody writes any more, and a walk is walked to its end."""

    def __init__(
        self,
        name: str,
        scene: Scene,
        feed: Feed,
        extension: str = "json",
        limit: int = 100,
    ) -> None:
        super().__init__(name, scene)
        self._known = scene.known
        self._feed = feed
        self._extension = extension
        self._limit = limit

    @abstractmethod
    def finish(self) -> None:
        """Read to the end what is there, when all is quiet."""

    def _get(self, address: str, headers: dict[str, str] | None = None) -> Answer:
        """The answer to a GET; raises Unanswered also where it tells to come again."""
        answer = self.client.ask("GET", address, headers)
        self.findings.count("polls")
        if answer.status == 503:
            raise Unanswered(str(answer))
        if answer.status == 200:
            self._known.note(self.name, address, answer)
        return answer

    def _entries(self, answer: Answer) -> tuple[Entry, ...]:
        """The entries of an answer, each noted; without those that cannot be believed."""
        entries = parse(self._extension, answer.body)
        return tuple(
            entry
            for entry in entries
            if self.history.noted(entry, self._feed, self.name, answer.until)
        )

    def _walked(self, head: Answer) -> dict[str, str] | None:
        """The state after a walk over the archives; None where they have moved meanwhile."""
        newest: dict[str, Entry] = {}
        self._merge(newest, head)
        found = links(head.headers.get("Link"))
        if "next" in found and "prev-archive" not in found:
            self.violated("ARCHIVE", "the head has older entries, and names no archive")
        address = found.get("prev-archive")
        visited: set[str] = set()
        while address is not None:
            if address in visited:
                self.violated("ARCHIVE", f"{address} leads back to itself")
                return None
            visited.add(address)
            answer = self._get(address)
            if answer.status == 302:
                # What was not full has another address since it is; else all begins anew.
                address = answer.headers["Location"]
                if "archive=" in address:
                    continue
                self.findings.count("archives that moved")
                return None
            if answer.status != 200:
                self.violated("ANSWER", f"{address}: {answer}")
                raise Unanswered
            self.findings.count("archives read")
            self._merge(newest, answer)
            address = links(answer.headers.get("Link")).get("prev-archive")
        return {id: entry.title for id, entry in newest.items() if entry.title is not None}

    def _merge(self, newest: dict[str, Entry], answer: Answer) -> None:
        """Documents come from the most recent on; of equal dates the more recent one stands."""
        for entry in self._entries(answer):
            kept = newest.get(entry.id)
            if kept is None or entry.updated > kept.updated:
                newest[entry.id] = entry


class Keeper(Observer):
    """A reader that keeps the feed by what it is told of it, as a copy in another system."""

    def __init__(
        self,
        name: str,
        scene: Scene,
        feed: Feed,
        extension: str = "json",
        limit: int = 100,
    ) -> None:
        super().__init__(name, scene, feed, extension, limit)
        self._state: dict[str, str] = {}
        self._due: set[str] = set()
        self._taken = 0

    def finish(self) -> None:
        """Poll to the end; then the state must be the feed's."""
        deadline = monotonic() + _QUIET
        while not self._poll():
            if monotonic() > deadline:
                self.violated("LOST", "there is no end to what is told")
                return
        now = self.history.now()
        self._compare("LOST", self.history.ids(), now, now)

    def step(self) -> None:
        """Poll, and take in what comes."""
        self._poll()

    @abstractmethod
    def _poll(self) -> bool:
        """Poll once; whether that was the end of what there was."""

    def _put(self, entry: Entry) -> None:
        """Put what has content under its id, take away what has none."""
        if entry.title is None:
            self._state.pop(entry.id, None)
        else:
            self._state[entry.id] = entry.title
        self._due.add(entry.id)

    def _check(self, answer: Answer, is_end: bool) -> None:
        """At the end, what was written since the last check must be in the state."""
        acknowledged = self.history.acknowledged
        upto = len(acknowledged)
        self._due.update(write.id for write in acknowledged[self._taken : upto])
        self._taken = upto
        if is_end:
            self._compare("STALE", self._due, answer.since, answer.until)
            # What is acknowledged between the question and the answer is looked at again.
            self._due = {id for id in self._due if self._is_fresh(id, answer.since)}

    def _compare(self, kind: str, ids: Iterable[str], since: float, until: float) -> None:
        bound = [id for id in ids if id in self._state or not self._may_lack(id, since)]
        self.history.compare(kind, self.name, self._state, bound, self._feed, since, until)

    def _may_lack(self, id: str, since: float) -> bool:
        """Whether it may have missed what was written of the id up to that moment."""
        return False

    def _is_fresh(self, id: str, since: float) -> bool:
        writes = self.history.writes(id)
        return bool(writes) and writes[-1].acked >= since


class CursorPoller(Keeper):
    """Follows the cursor from the beginning on, and keeps what a subscriber would keep."""

    def __init__(
        self, name: str, scene: Scene, feed: Feed, extension: str = "json", limit: int = 100
    ) -> None:
        super().__init__(name, scene, feed, extension, limit)
        self.told = Told()
        self._address = self._feed.address(self._extension, f"after=&limit={self._limit}")
        self._seen: set[str] = set()
        self._condition: dict[str, str] = {}
        self._prefer: dict[str, str] = {}

    def step(self) -> None:
        """Poll, now and then one that waits for news, and take in what comes."""
        self._prefer = {"Prefer": "wait=1"} if self.chance.random() < 0.3 else {}
        super().step()
        self._prefer = {}

    def finish(self) -> None:
        """Poll to the end; then the state must be the feed's, and each version have come once."""
        super().finish()
        for id in self.history.ids():
            expected = self.history.expected(id, self._feed)
            has = self.told.by_id[id]
            if has != expected and not self.history.may_have_ended(id):
                self.violated("LOST", f"of {id} came {has}, and should have come {expected}")

    def _poll(self) -> bool:
        answer = self._get(self._address, {**self._condition, **self._prefer})
        if "Preference-Applied" in answer.headers:
            self.findings.count("waits")
        if answer.status == 304 and self._condition:
            self.findings.count("304s")
            self._check(answer, is_end=True)
            return True
        after = links(answer.headers.get("Link")).get("next")
        if answer.status != 200 or after is None:
            self.violated("ANSWER", f"{self._address}: {answer}")
            raise Unanswered
        entries = self._entries(answer)
        for entry in entries:
            self._take(entry, answer)
        # Of an empty page, asked for again, a 304 says that it is empty still.
        is_same = not entries and after == f"{self.client.base}{self._address}"
        etag = answer.headers.get("ETag")
        self._condition = {"If-None-Match": etag} if is_same and etag else {}
        self._address = after.removeprefix(self.client.base)
        self._check(answer, is_end=len(entries) < self._limit)
        if not entries:
            self.findings.count("empty pages")
        return not entries

    def _take(self, entry: Entry, answer: Answer) -> None:
        self.told.by_id[entry.id].append(entry.title)
        self._put(entry)
        if entry.title is None:
            # How often an activity has left and come back, is compared when all is quiet.
            return
        self.told.titles.append(entry.title)
        if entry.title in self._seen:
            self.violated("DUPLICATE", f"{entry.title} of {entry.id} came again")
        self._seen.add(entry.title)
        if self.history.is_ended(entry.id, answer.since):
            self.violated("REMOVAL", f"{entry.title} of {entry.id}, which was deleted, came")


class DeltaPoller(Keeper):
    """Polls a feed for what has changed since it last did (RFC 3229), compressed or not.

    It begins with the newest entries or, with archives, with all of the feed.
    """

    pause = 0.4  # so that more than `limit` has changed now and then

    def __init__(
        self,
        name: str,
        scene: Scene,
        feed: Feed,
        extension: str = "json",
        limit: int = 100,
        has_archives: bool = False,
    ) -> None:
        super().__init__(name, scene, feed, extension, limit)
        self._has_archives = has_archives
        self._address = self._feed.address(self._extension, f"limit={self._limit}")
        self._etag: str | None = None
        self._told: set[str] = set()
        self._began = 0.0
        self._floor = -inf

    def _poll(self) -> bool:
        headers = {"A-IM": "feed", "Accept-Encoding": self.chance.choice(("gzip", "identity"))}
        if self._etag is not None:
            headers["If-None-Match"] = self._etag
        answer = self._get(self._address, headers)
        if answer.status == 200:
            self._begin(answer)
            return False
        if answer.status == 226 and answer.headers.get("Delta-Base") == self._etag:
            self._take(answer)
        elif answer.status != 304 or self._etag is None:
            self.violated("ANSWER", f"{self._address}: {answer}")
            raise Unanswered
        self.findings.count("304s of deltas" if answer.status == 304 else "deltas")
        self._check(answer, is_end=True)
        return answer.status == 304

    def _begin(self, head: Answer) -> None:
        """Begin with that page, for there is no delta to what it has."""
        self._etag, self._state = None, {}
        entries = self._entries(head)
        self._told = {entry.title for entry in entries if entry.title is not None}
        if self._has_archives:
            state = self._walked(head)
            if state is None:
                return
            # It is of the moments at which the archives were read, until the first delta.
            self._state = state
            self._due.update(self.history.ids())
        else:
            has_more = "next" in links(head.headers.get("Link"))
            self._began, self._floor = head.until, floor_of(self.history, entries, has_more)
            how = f"200 of {self._address}"
            check_head(self, entries, self._feed, head, self._floor, how)
            for entry in entries:
                self._put(entry)
        self._etag = head.headers["ETag"]
        self.findings.count("deltas begun")

    def _take(self, answer: Answer) -> None:
        entries = self._entries(answer)
        for id, count in Counter(entry.id for entry in entries).items():
            if count > 1:
                self.violated("DUPLICATE", f"{id} comes {count} times in a delta")
        for entry in entries:
            if entry.title is not None and entry.title in self._told:
                self.violated("DUPLICATE", f"{entry.title} of {entry.id} came again in a delta")
            self._put(entry)
        self._told.update(entry.title for entry in entries if entry.title is not None)
        check_order(self, entries)
        self._etag = answer.headers["ETag"]

    def _may_lack(self, id: str, since: float) -> bool:
        """What is older than the last entry with which it began, and was left alone since."""
        if self._floor == -inf:
            return False
        place = _newest_place(self.history, id, since)
        return (place is None or place.begun <= self._floor) and not any(
            self._began < write.begun and write.acked < since for write in self.history.writes(id)
        )


class HeadPoller(Observer):
    """Polls the head of a feed with a condition, compressed or not, and believes every 304."""

    pause = 0.1

    def __init__(
        self,
        name: str,
        scene: Scene,
        feed: Feed,
        extension: str = "json",
        limit: int = 100,
        condition: str = "etag",
    ) -> None:
        super().__init__(name, scene, feed, extension, limit)
        self._by_date = condition == "date"
        self._address = self._feed.address(self._extension, f"limit={self._limit}")
        self._condition: dict[str, str] = {}
        self._page: tuple[Entry, ...] = ()
        self._floor = -inf

    def step(self) -> None:
        """Poll once; the page that comes, or is kept, must be as fresh as the question."""
        encoding = {"Accept-Encoding": self.chance.choice(("gzip", "identity"))}
        answer = self._get(self._address, encoding | self._condition)
        if answer.status == 200:
            self._keep(answer)
        elif answer.status == 304 and self._condition:
            self.findings.count("304s by date" if self._by_date else "304s")
        else:
            self.violated("ANSWER", f"{self._address}: {answer}")
            raise Unanswered
        how = f"{answer.status} of {self._address}"
        check_head(self, self._page, self._feed, answer, self._floor, how)

    def finish(self) -> None:
        """One poll more."""
        self.step()

    def _keep(self, answer: Answer) -> None:
        self._page = self._entries(answer)
        has_more = "next" in links(answer.headers.get("Link"))
        self._floor = floor_of(self.history, self._page, has_more)
        etag, date = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        self._condition = {}
        if self._by_date and date is not None:
            self._condition = {"If-Modified-Since": date}
        elif not self._by_date and etag is not None:
            self._condition = {"If-None-Match": etag}
        check_order(self, self._page)


class PageWalker(Observer):
    """Walks from the head to the oldest page over `next`, again and again."""

    pause = 0.3

    def step(self) -> None:
        """One walk: each entry once, in order; nothing that was left alone may be missing."""
        address: str | None = self._feed.address(self._extension, f"limit={self._limit}")
        state: dict[str, str] = {}
        walked: list[Entry] = []
        since = None
        while address is not None:
            answer = self._get(address)
            if answer.status != 200:
                self.violated("ANSWER", f"{address}: {answer}")
                raise Unanswered
            since = answer.since if since is None else since
            entries = [entry for entry in self._entries(answer) if entry.title is not None]
            for entry in entries:
                if entry.id in state:
                    self.violated("DUPLICATE", f"{entry.id} stands twice among the pages")
                state[entry.id] = str(entry.title)
            walked += entries
            address = links(answer.headers.get("Link")).get("next")
            if self._ending.is_set() and address is not None and not self.is_quiet:
                return
        assert since is not None
        until = self.history.now()
        check_order(self, walked)
        self._check(state, since, until)
        self.findings.count("page walks")

    def finish(self) -> None:
        """One walk more."""
        self.is_quiet = True
        self.step()

    def _check(self, state: dict[str, str], since: float, until: float) -> None:
        """An entry that was changed during the walk may be missed by it."""
        ids = [
            id for id in self.history.ids() if id in state or not self._is_touched(id, since, until)
        ]
        self.history.compare("LOST", self.name, state, ids, self._feed, since, until)

    def _is_touched(self, id: str, since: float, until: float) -> bool:
        return any(w.begun < until and w.acked >= since for w in self.history.writes(id))


class ArchiveWalker(Observer):
    """Begins at the head and follows `prev-archive` to the oldest document (RFC 5005)."""

    pause = 0.6

    def step(self) -> None:
        """One walk; what it ends with must be the feed's state."""
        for _ in range(_MAX_STARTS):
            head = self._get(self._feed.address(self._extension, f"limit={self._limit}"))
            state = self._walked(head)
            if state is not None:
                ids, since, until = self.history.ids(), head.since, self.history.now()
                self.history.compare("ARCHIVE", self.name, state, ids, self._feed, since, until)
                self.findings.count("archive walks")
                return
            if self._ending.is_set() and not self.is_quiet:
                return
        if self.is_quiet:
            self.violated("ARCHIVE", "the archives move though nobody writes")
        self.findings.count("archive walks given up")

    def finish(self) -> None:
        """One walk more."""
        self.is_quiet = True
        self.step()


class DirectoryPoller(Observer):
    """Polls a list of the feeds with a condition; it must count what each of them has."""

    pause = 1.0

    def __init__(self, scene: Scene, address: str) -> None:
        super().__init__(address, scene, Feed())
        self._address = address
        self._condition: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def step(self) -> None:
        """Poll once."""
        answer = self._get(self._address, self._condition)
        if answer.status == 200:
            self._counts = counts(answer.body)
            self._condition = {"If-None-Match": answer.headers["ETag"]}
        elif answer.status != 304 or not self._condition:
            self.violated("ANSWER", f"{self._address}: {answer}")
            raise Unanswered
        for term, feed in TERMS.items():
            least, most = self.history.bounds(feed, answer.since, answer.until)
            count = self._counts.get(term, 0)
            if not least <= count <= most:
                self.violated("COUNT", f"{count} of {term}, which has {least} to {most}")
        self.findings.count("directories")

    def finish(self) -> None:
        """One poll more."""
        self.step()


def check_order(who: Observer, entries: Iterable[Entry]) -> None:
    """The dates of a page, or of a walk, must descend; strictly, but for the seconds of RSS."""
    before: Entry | None = None
    for entry in entries:
        if entry.title is None:
            continue
        is_second = entry.published is None
        if before is not None and not (
            entry.updated < before.updated or (is_second and entry.updated == before.updated)
        ):
            who.violated("ORDER", f"{entry.title} {entry.updated} follows {before.updated}")
        before = entry


def check_head(
    who: Observer, page: Sequence[Entry], feed: Feed, answer: Answer, floor: float, how: str
) -> None:
    """The page must be the head of its feed at some moment between the question and the answer.

    What is on it must be as it was then. What is not must be older than its last entry: nothing
    that was begun after that one was acknowledged, which is the `floor`, may be missing.
    """
    history = who.history
    state = {entry.id: entry.title for entry in page if entry.title is not None}
    history.compare("STALE", f"{who.name} ({how})", state, state, feed, answer.since, answer.until)
    missing: set[str] = set()
    for write in history.newest_first():
        if write.acked <= floor:
            break
        if write.begun > floor and write.acked < answer.since and write.id not in state:
            missing.add(write.id)
    for id in missing:
        if None in history.allowed(id, feed, answer.since, answer.until):
            continue
        place = _newest_place(history, id, answer.since)
        if place is not None and place.begun > floor:
            who.violated(
                "STALE",
                f"{how} does not have {id}; asked {answer.since:.4f}, answered "
                f"{answer.until:.4f}, its last entry is of {floor:.4f}; written: "
                f"{history.told(id)}",
            )


def floor_of(history: History, page: Sequence[Entry], has_more: bool) -> float:
    """When the place of the last entry of a page was acknowledged; all that is newer is on it."""
    if not has_more:
        return -inf
    titles = [entry.title for entry in page if entry.title is not None]
    return history.place(history.version(titles[-1])).acked if titles else inf


def _newest_place(history: History, id: str, since: float) -> Write | None:
    """The write that gave the activity its place, of those acknowledged before that moment."""
    done = [write for write in history.writes(id) if write.acked < since and not write.is_silent]
    return done[-1] if done else None
