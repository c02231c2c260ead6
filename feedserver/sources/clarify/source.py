"""The source: which entries are new, and how nothing is ever left out."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta

from feedserver.clock import Clock
from feedserver.errors import NotFound, SourceError
from feedserver.model.activity import Draft, Object
from feedserver.ports import Known, Poll, Problem
from feedserver.sources.clarify.belonging import check_belongs, kind_called
from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.joining import Joined, thing_of
from feedserver.sources.clarify.mapping import EntryMapping
from feedserver.sources.clarify.tables import QUEUED

BATCH = 5000  # entries that become drafts in one poll
WINDOW = 5000  # objids behind the newest one in which an entry may still be committed late
SWEEP = 50_000  # objids that one step of a sweep compares
SWEEP_EVERY = timedelta(days=1)

_Made = tuple[tuple[Draft, ...], tuple[Problem, ...], tuple[Problem, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far the log of the CRM was read: `floor` < objid <= `read`.

    `timezone` and `start` are those with which it began; what was recorded stays as it is.
    `imported` says that all that was there at the beginning was read; places kept by versions
    that did not tell count as that.
    """

    floor: int
    read: int
    timezone: str
    start: str
    imported: bool = True


class ClarifySource:
    """Reads `table_act_entry` from where it was left.

    objids are drawn before their entries are committed, so one may turn up below others that
    were read already. Each poll looks again at the last `window` objids, and once at the start
    and once a day a sweep compares every objid above the floor with what is recorded.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        mapping: EntryMapping,
        start: str,
        timezone: str,
        clock: Clock,
        window: int = WINDOW,
    ) -> None:
        self.name = name
        self.needs_empty_log = start == "all"
        self._database = database
        self._mapping = mapping
        self._start = start
        self._timezone = timezone
        self._clock = clock
        self._window = window
        self._swept_to: int | None = None
        self._sweep_end = 0
        self._next_sweep: datetime | None = None
        self._recent: set[int] = set()
        self._failed: set[int] = set()

    def poll(self, place: str | None, known: Known) -> Poll:
        here = self._first_place() if place is None else self._read_place(place)
        self._plan_sweep(here)
        here, keys, is_full = self._tail(here, known)
        if not keys and not is_full and self._swept_to is not None:
            keys = self._sweep(here, known)
        drafts, problems, failed = self._drafts(keys)
        more = is_full or self._swept_to is not None
        if not more:
            here = replace(here, imported=True)
        return Poll(drafts, problems, failed, json.dumps(asdict(here)), more)

    def is_importing(self, place: str | None) -> bool:
        here = None if place is None else self._read_place(place)
        return self._start != "now" and (here is None or not here.imported)

    def entry(self, object_type: str, database_id: int, activity_objid: int) -> Poll:
        kind = kind_called(object_type)
        joined = Joined(self._database, [activity_objid])
        if not joined.keys:
            raise NotFound(f"{self.name} has no act_entry {activity_objid}.")
        check_belongs(activity_objid, kind, database_id, joined.things(activity_objid))
        # The polls' own memory of what failed stays theirs: they may run in another thread.
        return Poll(*self._made(joined, set()), place="", more=False)

    def object_at(self, type: str, number: str | None, key: str | None) -> Object | None:
        kind = next((kind for kind in QUEUED if kind.word == type), None)
        if kind is None:
            return None  # of other kinds several may have one number
        column, value = ("objid", int(key or 0)) if number is None else (kind.number, number)
        row = self._database.by(kind.table, [value], column).get(value)
        return None if row is None else self._mapping.object(thing_of(kind, row))

    def sample(self, count: int) -> Poll:
        newest = self._database.keys(0, self._database.highest(), count, newest_first=True)
        drafts, problems, failed = self._drafts(sorted(newest))
        return Poll(drafts, problems, failed, "", more=False)

    def close(self) -> None:
        self._database.close()

    def _first_place(self) -> Place:
        highest = self._database.highest()
        if self._start == "all":
            floor = 0
        elif self._start == "now":
            floor = highest
        else:
            local = datetime.combine(date.fromisoformat(self._start), time())
            floor = self._database.last_before(local)
        return Place(floor, floor, self._timezone, self._start, imported=False)

    def _read_place(self, text: str) -> Place:
        place = Place(**json.loads(text))
        for name, kept, now in (
            ("timezone", place.timezone, self._timezone),
            ("start", place.start, self._start),
        ):
            if kept != now:
                raise SourceError(
                    f'source {self.name}: {name} = "{now}", but its entries were recorded with '
                    f'"{kept}" and stay so; set it back'
                )
        return place

    def _tail(self, here: Place, known: Known) -> tuple[Place, list[int], bool]:
        """The new place, the entries up to it that are not recorded, and whether there are more."""
        after = max(here.floor, here.read - self._window)
        count = self._window + BATCH
        keys = self._database.keys(after, max(self._database.highest(), after), count)
        new = self._unknown([key for key in keys if key not in self._recent], known)
        is_full = len(keys) == count or len(new) > BATCH
        if len(new) > BATCH:
            new = new[:BATCH]
            keys = [key for key in keys if key <= new[-1]]
        read = max([here.read, *keys])
        # Only what is known to be recorded need not be asked for again.
        lost = set(new)
        self._recent = {key for key in keys if key > read - self._window and key not in lost}
        return replace(here, read=read), new, is_full

    def _plan_sweep(self, here: Place) -> None:
        now = self._clock()
        if self._swept_to is None and (self._next_sweep is None or now >= self._next_sweep):
            self._next_sweep = now + SWEEP_EVERY
            self._failed.clear()
            if here.read > here.floor:
                self._swept_to, self._sweep_end = here.floor, here.read

    def _sweep(self, here: Place, known: Known) -> list[int]:
        """The entries that the next step of the sweep finds missing; the last step ends it.

        A step that found some is taken again, until it finds them recorded.
        """
        keys = self._database.keys(self._swept_to or 0, self._sweep_end, SWEEP)
        new = self._unknown(keys, known)[:BATCH]
        if not new:
            self._swept_to = keys[-1] if len(keys) == SWEEP else None
        return new

    def _unknown(self, keys: Sequence[int], known: Known) -> list[int]:
        ids = {self._mapping.entry_id(key): key for key in keys if key not in self._failed}
        recorded = known(list(ids))
        return [key for id, key in ids.items() if id not in recorded]

    def _drafts(self, keys: Sequence[int]) -> _Made:
        return self._made(Joined(self._database, keys), self._failed) if keys else ((), (), ())

    def _made(self, joined: Joined, failing: set[int]) -> _Made:
        """What the entries become; the keys of those that cannot are added to `failing`."""
        drafts, problems, failed = [], [], []
        for key in joined.keys:
            try:
                draft, odd = self._mapping.draft(joined.entry(key))
            except Exception as error:  # noqa: BLE001 - one bad row never stops the rest
                failing.add(key)
                failed.append(Problem(f"act_entry {key}", repr(error)))
            else:
                drafts.append(draft)
                problems.extend(odd)
        return tuple(drafts), tuple(problems), tuple(failed)
