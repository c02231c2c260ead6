"""Joining: entries and what belongs to them, read set by set."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from feedserver.model.activity import Product
from feedserver.sources.clarify.codes import ASSIGNED, LINKED, SENT_TO, TAKEN_FROM
from feedserver.sources.clarify.database import Database, Row
from feedserver.sources.clarify.entries import Entry, Named, Person, Thing
from feedserver.sources.clarify.queues import Trail, queue_of_step
from feedserver.sources.clarify.tables import COLUMNS, ENTRY, FOCUS, KINDS, LOGS, QUEUED, Kind

_ASSIGNEE = re.compile(r"\bto (\S+) WIP\b")
_ACTIVITY_NAMES = "Activity Name"

_COLUMNS = ("objid", *COLUMNS[ENTRY])
_RELATIONS = slice(first := _COLUMNS.index(KINDS[0].relation), first + len(KINDS))
_LOGS = slice(first := _COLUMNS.index(next(iter(LOGS))), first + len(LOGS))
_NO_LOGS = (None,) * len(LOGS)


class _Facts(NamedTuple):
    """What an entry tells of the object to which it belongs, whatever the entry."""

    thing: Thing | None = None
    reporter: Person | None = None
    site: Named | None = None
    product: Product | None = None
    grades: tuple[tuple[str, str], ...] = ()
    trail: Trail | None = None


_NOTHING = _Facts()


class Joined:
    """Some entries and the rows of all tables to which they lead; `keys` are theirs, in order.

    Read with about thirty statements for any number of entries, none for each.
    """

    def __init__(self, database: Database, keys: Sequence[int]) -> None:
        """Read the entries with those objids, as far as they are there. Raises SourceError."""
        self._database = database
        self._rows = rows = database.by(ENTRY, keys)
        self.keys = tuple(rows)
        entries = tuple(rows.values())
        self._places = {entry.objid: _places(entry) for entry in entries}
        # What is told of an object or a person is the same in each of their entries.
        self._facts: dict[tuple[str, int], _Facts] = {}
        self._people: dict[tuple[str, int], Person] = {}
        self._read_objects(entries)
        self._read_people(entries)
        self._read_products()
        self._logs = {
            relation: self._by(table, (getattr(entry, relation) for entry in entries))
            for relation, (table, _) in LOGS.items()
        }
        self._rejects = self._by(
            "table_reject_msg", (entry.act_entry2reject_msg for entry in entries)
        )
        self._closes = self._by("table_close_case", self.keys, "close_case2act_entry")
        self._statuses = self._by("table_status_chg", self.keys, "status_chg2act_entry")
        self._read_lists()
        self._queues = {
            title: row.objid
            for row in database.all("table_queue")
            if (title := _text(row.title)) is not None
        }
        self._trails = self._read_trails(entries)

    def _by(self, table: str, keys: Any, column: str = "objid") -> dict[Any, Row]:
        return self._database.by(table, keys, column)

    def _read_objects(self, entries: Sequence[Row]) -> None:
        self._things: dict[str, dict[int, Row]] = {}
        places = [place for found in self._places.values() for place in found]
        for kind in KINDS:
            keys = {objid for found, objid in places if found is kind}
            if kind.name == "case":
                continue
            self._things[kind.name] = self._by(kind.table, keys)
        case = KINDS[0]
        subcases = self._things["subcase"].values()
        keys = {objid for found, objid in places if found is case}
        keys |= {row.subcase2case for row in subcases}
        self._things[case.name] = self._by(case.table, keys)
        self._headers = self._by(
            "table_demand_hdr",
            (row.demand_dtl2demand_hdr for row in self._things["demand_dtl"].values()),
        )

    def _read_people(self, entries: Sequence[Row]) -> None:
        cases = self._things["case"].values()
        logins = {login for entry in entries if (login := _assignee(entry)) is not None}
        self._users = self._by("table_user", (entry.act_entry2user for entry in entries))
        self._by_login = self._by("table_user", logins, "login_name")
        users = {*self._users, *(row.objid for row in self._by_login.values())}
        self._employees = self._by("table_employee", users, "employee2user")
        contacts = {entry.act_entry2contact for entry in entries}
        contacts |= {row.case_reporter2contact for row in cases}
        self._contacts = self._by("table_contact", contacts)
        sites = {row.case_reporter2site for row in cases}
        sites |= {row.open_reqst2site for row in self._headers.values()}
        self._sites = self._by("table_site", sites)

    def _read_products(self) -> None:
        cases = self._things["case"].values()
        self._parts = self._by("table_site_part", (row.case_prod2site_part for row in cases))
        revisions = {row.case_prt2part_info for row in cases}
        revisions |= {row.site_part2part_info for row in self._parts.values()}
        revisions |= {row.bug_product2part_info for row in self._things["bug"].values()}
        revisions |= {row.demand_dtl2part_info for row in self._things["demand_dtl"].values()}
        self._revisions = self._by("table_mod_level", revisions)
        self._products = self._by(
            "table_part_num", (row.part_info2part_num for row in self._revisions.values())
        )

    def _read_lists(self) -> None:
        rows = self._database.all("table_gbst_elm")
        lists = {row.objid: _text(row.title) for row in self._database.all("table_gbst_lst")}
        self._titles = {row.objid: _text(row.title) for row in rows}
        self._code_names = {
            _whole(row.rank): _text(row.title)
            for row in rows
            if lists.get(row.gbst_elm2gbst_lst) == _ACTIVITY_NAMES
        }

    def _read_trails(self, entries: Sequence[Row]) -> dict[tuple[str, int], Trail]:
        objects: defaultdict[Kind, set[int]] = defaultdict(set)
        for entry in entries:
            for kind, objid in self._places[entry.objid][:1]:
                if kind in QUEUED:
                    objects[kind].add(objid)
        upto = max((entry.objid for entry in entries), default=0)
        trails: defaultdict[tuple[str, int], Trail] = defaultdict(Trail)
        for kind, keys in objects.items():
            for row in self._database.moves(kind, keys, SENT_TO | TAKEN_FROM, upto):
                code, info = _whole(row.act_code), _plain(row.addnl_info)
                queue = queue_of_step(code, info, self._queues)
                trails[kind.name, row.thing].step(row.objid, code, queue)
        return trails

    def entry(self, key: int) -> Entry:
        """The joined entry with that objid."""
        row = self._rows[key]
        code, info = _whole(row.act_code), _plain(row.addnl_info)
        places = self._places[key]
        facts = self._facts_of(*places[0]) if places else _NOTHING
        thing = facts.thing
        queue = queue_of_step(code, info, self._queues)
        return Entry(
            objid=row.objid,
            code=code,
            code_name=None if code is None else self._code_names.get(code),
            time=row.entry_time,
            info=info,
            thing=thing,
            parent_of=_subcase_number(row, thing),
            user=self._user(row.act_entry2user),
            contact=self._contact(row.act_entry2contact),
            reporter=facts.reporter,
            site=facts.site,
            product=facts.product,
            grades=facts.grades,
            queue=None if facts.trail is None else facts.trail.queue_at(key),
            step=None if queue is None else Named(self._queues.get(queue), queue),
            assignee=self._assignee(row),
            solution=self._solution(row),
            status=self._status(row),
            has_log=row[_LOGS] != _NO_LOGS,
            texts=self._texts(row),
        )

    def things(self, key: int) -> tuple[Thing, ...]:
        """Every object to which the entry with that objid belongs."""
        return tuple(self._thing_at(*place) for place in self._places[key])

    def _facts_of(self, kind: Kind, objid: int) -> "_Facts":
        facts = self._facts.get((kind.name, objid))
        if facts is None:
            thing = self._thing_at(kind, objid)
            holder = self._holder(thing)
            facts = self._facts[kind.name, objid] = _Facts(
                thing=thing,
                reporter=self._contact(getattr(holder, "case_reporter2contact", None)),
                site=self._site(thing, holder),
                product=self._product(thing),
                grades=self._grades(thing),
                trail=self._trails.get((kind.name, objid)),
            )
        return facts

    def _thing_at(self, kind: Kind, objid: int) -> Thing:
        found = self._things[kind.name].get(objid)
        return Thing(kind, objid, is_missing=True) if found is None else thing_of(kind, found)

    def _holder(self, thing: Thing) -> Row | None:
        """The case to which the thing belongs: itself, or the parent of a subcase."""
        if thing.kind.name not in ("case", "subcase"):
            return None
        row = self._things[thing.kind.name].get(thing.objid)
        if row is not None and thing.kind.name == "subcase":
            return self._things["case"].get(row.subcase2case)
        return row

    def _site(self, thing: Thing, holder: Row | None) -> Named | None:
        objid = getattr(holder, "case_reporter2site", None)
        if thing.kind.name == "demand_dtl" and not thing.is_missing:
            line = self._things["demand_dtl"][thing.objid]
            header = self._headers.get(line.demand_dtl2demand_hdr)
            objid = getattr(header, "open_reqst2site", None)
        row = self._sites.get(objid)
        name = None if row is None else _text(row.name)
        return None if row is None or name is None else Named(row.objid, name)

    def _product(self, thing: Thing) -> Product | None:
        row = self._things[thing.kind.name].get(thing.objid)
        if row is None:
            return None
        revisions = {
            "case": ("case_prt2part_info",),
            "bug": ("bug_product2part_info",),
            "demand_dtl": ("demand_dtl2part_info",),
        }.get(thing.kind.name, ())
        candidates = [getattr(row, column) for column in revisions]
        if thing.kind.name == "case":
            part = self._parts.get(row.case_prod2site_part)
            candidates.append(getattr(part, "site_part2part_info", None))
        for objid in candidates:
            revision = self._revisions.get(objid)
            product = self._products.get(revision.part_info2part_num) if revision else None
            number = None if product is None else _text(product.part_number)
            if revision is not None and number is not None:
                return Product(number, _text(revision.mod_level))
        return None

    def _grades(self, thing: Thing) -> tuple[tuple[str, str], ...]:
        """What the lists say of a case: its priority, severity and type."""
        if thing.kind.name != "case" or thing.is_missing:
            return ()
        row = self._things["case"][thing.objid]
        graded = (
            ("priority", row.respprty2gbst_elm),
            ("severity", row.respsvrty2gbst_elm),
            ("type", row.calltype2gbst_elm),
        )
        titles = ((name, self._titles.get(key)) for name, key in graded)
        return tuple((name, title) for name, title in titles if title is not None)

    def _user(self, objid: int | None) -> Person | None:
        return None if objid is None else self._person("user", objid, self._made_user)

    def _contact(self, objid: int | None) -> Person | None:
        return None if objid is None else self._person("contact", objid, self._made_contact)

    def _person(self, clarify_name: str, objid: int, make: Callable[[int], Person]) -> Person:
        person = self._people.get((clarify_name, objid))
        if person is None:
            person = self._people[clarify_name, objid] = make(objid)
        return person

    def _made_user(self, objid: int) -> Person:
        row, employee = self._users.get(objid), self._employees.get(objid)
        if row is None and employee is None:
            return Person("user", objid, is_missing=True)
        return Person("user", objid, _full_name(employee), _text(getattr(row, "login_name", None)))

    def _made_contact(self, objid: int) -> Person:
        row = self._contacts.get(objid)
        return Person("contact", objid, _full_name(row), is_missing=row is None)

    def _assignee(self, row: Row) -> Person | None:
        login = _assignee(row)
        user = self._by_login.get(login)
        if user is None:
            return None
        return Person("user", user.objid, _full_name(self._employees.get(user.objid)), login)

    def _solution(self, row: Row) -> Thing | None:
        if _whole(row.act_code) != LINKED:
            return None
        others = [place for place in self._places[row.objid][1:] if place[0].name == "probdesc"]
        return self._thing_at(*others[0]) if others else None

    def _status(self, row: Row) -> str | None:
        change = self._statuses.get(row.objid)
        return self._titles.get(change.c_status_chg2gbst_elm) if change else None

    def _texts(self, row: Row) -> tuple[str, ...]:
        texts: list[object] = []
        keys = row[_LOGS]
        if keys != _NO_LOGS:
            for (relation, (_, column)), key in zip(LOGS.items(), keys, strict=True):
                log = self._logs[relation].get(key)
                if log is not None and column and not getattr(log, "x_is_internal", None):
                    texts.append(getattr(log, column))
        if (closed := self._closes.get(row.objid)) is not None:
            texts.append(closed.summary)
        if (changed := self._statuses.get(row.objid)) is not None:
            texts.append(changed.notes)
        if (rejected := self._rejects.get(row.act_entry2reject_msg)) is not None:
            texts.append(rejected.description)
        return tuple(text for text in map(_plain, texts) if text.strip())


def _places(row: Row) -> list[tuple[Kind, int]]:
    """The objects to which an entry belongs, the one first of which it tells."""
    keys = row[_RELATIONS]
    found = [(kind, key) for kind, key in zip(KINDS, keys, strict=True) if key is not None]
    if not found and row.focus_type in FOCUS and row.focus_lowid:
        found.append((FOCUS[row.focus_type], row.focus_lowid))
    return found


def _subcase_number(row: Row, thing: Thing | None) -> str | None:
    if thing is None or thing.kind.name != "case":
        return None
    number = re.search(r"\bSubcase (\S+)", _plain(row.addnl_info), re.IGNORECASE)
    return number[1] if number else None


def _assignee(row: Row) -> str | None:
    if _whole(row.act_code) != ASSIGNED:
        return None
    found = _ASSIGNEE.search(_plain(row.addnl_info))
    return found[1] if found else None


def _full_name(row: Row | None) -> str | None:
    if row is None:
        return None
    return " ".join(filter(None, map(_text, (row.first_name, row.last_name)))) or None


def _plain(value: object) -> str:
    """The value as text; that of a site which keeps numbers, or bytes, where others keep text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    return "" if value is None else str(value)


def thing_of(kind: Kind, row: Row) -> Thing:
    """The object in that row of the kind's table."""
    number, title = getattr(row, kind.number), getattr(row, kind.title)
    return Thing(kind, row.objid, _text(number), _text(title))


def _text(value: object) -> str | None:
    """The value as text without space around it, None where nothing is left."""
    return _plain(value).strip() or None


def _whole(value: object) -> int | None:
    """The value as the whole number that it should be, None where it is none."""
    if isinstance(value, int) or value is None:
        return value
    try:
        return int(_plain(value))
    except ValueError:
        return None
