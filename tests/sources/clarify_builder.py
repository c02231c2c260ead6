"""A small Clarify database in a file: only what a test says, in the tables that are read."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from feedserver.sources.clarify.tables import COLUMNS, ENTRY, KINDS, LOGS, Kind

FIRST_OBJID = 268435457

SITE_COLUMNS = {
    ENTRY: ("proxy", "removed", "act_entry_child2parent"),
    "table_case": ("case_currq2queue", "case_prevq2queue", "case_history"),
    "table_notes_log": ("internal",),
    "table_phone_log": ("internal",),
    "table_resrch_log": ("internal",),
    "table_onsite_log": ("notes", "internal"),
}
"""Columns that are there beside those that are read, some of which must never be."""

LISTS = {
    "Activity Name": {100: "Accept", 300: "Change Status", 600: "Create", 1700: "Log Note"},
    "Response Priority Code": {1: "High", 2: "Low"},
    "Problem Severity Level": {1: "Severe"},
    "Case Type": {1: "Question"},
    "Open": {1: "Waiting"},
}


class Clarify:
    """A CRM to which a test adds rows; the objids of each table begin at `FIRST_OBJID`."""

    def __init__(
        self,
        path: Path,
        without_tables: Collection[str] = (),
        without_columns: Collection[str] = (),
    ) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self._next: dict[str, int] = {}
        self._elements: dict[tuple[str, str], int] = {}
        # Journal and synchronisation only cost time here: nothing of this outlives the test.
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        for table, read in COLUMNS.items():
            if table not in without_tables:
                columns = [*read, *SITE_COLUMNS.get(table, ())]
                kept = [_typed(name) for name in columns if name not in without_columns]
                self.execute(
                    f"CREATE TABLE {table} ({', '.join(['objid INTEGER PRIMARY KEY', *kept])})"
                )
        if not {"table_gbst_lst", "table_gbst_elm"} & set(without_tables):
            for title, elements in LISTS.items():
                self.add_list(title, elements)

    def close(self) -> None:
        """Close the database; what was added stays in its file."""
        self._connection.close()

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Send any statement."""
        return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Add many rows in one transaction."""
        self.execute("BEGIN")
        yield
        self.execute("COMMIT")

    def add(self, table: str, **values: Any) -> int:
        """Add a row, at the next objid unless one is given; gives its objid."""
        objid = int(values.setdefault("objid", self._next.get(table, FIRST_OBJID)))
        self._next[table] = max(objid + 1, self._next.get(table, FIRST_OBJID))
        marks = ", ".join("?" * len(values))
        self.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values()
        )
        return objid

    def skip(self, count: int) -> int:
        """Draw objids of entries whose transactions are still open; gives the first of them."""
        first = self._next.get(ENTRY, FIRST_OBJID)
        self._next[ENTRY] = first + count
        return first

    def add_list(self, title: str, elements: dict[int, str]) -> None:
        """Add a list with its elements by rank."""
        list_ = self.add("table_gbst_lst", title=title)
        for rank, element in elements.items():
            objid = self.add("table_gbst_elm", title=element, rank=rank, gbst_elm2gbst_lst=list_)
            self._elements[title, element] = objid

    def element(self, list_: str, title: str) -> int:
        """The objid of an element of a list."""
        return self._elements[list_, title]

    def entry(
        self,
        code: int | None = 600,
        info: Any = None,
        time: Any = "2026-03-02 10:00:00",
        **values: Any,
    ) -> int:
        """Add an entry of the activity log."""
        return self.add(ENTRY, act_code=code, addnl_info=info, entry_time=time, **values)

    def case(self, number: Any = "1234", title: Any = "Printer on fire", **values: Any) -> int:
        """Add a case."""
        return self.add("table_case", id_number=number, title=title, **values)

    def user(
        self, login: str = "ann", first: str | None = "Ann", last: str | None = "Sample"
    ) -> int:
        """Add a user and, if it has a name, its employee."""
        objid = self.add("table_user", login_name=login)
        if first is not None:
            self.add("table_employee", first_name=first, last_name=last, employee2user=objid)
        return objid

    def contact(self, first: str = "Carl", last: str = "Caller") -> int:
        """Add a customer's person."""
        return self.add("table_contact", first_name=first, last_name=last)

    def queue(self, title: Any = "Support") -> int:
        """Add a queue."""
        return self.add("table_queue", title=title)

    def product(self, number: Any = "P-9000", revision: Any = "B") -> int:
        """Add a product; gives the objid of its revision."""
        part = self.add("table_part_num", part_number=number)
        return self.add("table_mod_level", mod_level=revision, part_info2part_num=part)

    def note(self, text: Any, internal: str = "", is_internal: Any = 0) -> int:
        """Add the text of a note; `internal` is the part of it that is not for customers."""
        return self.add(
            "table_notes_log", description=text, internal=internal, x_is_internal=is_internal
        )


def _typed(column: str) -> str:
    whole = "2" in column or column in ("act_code", "rank", "focus_type", "focus_lowid")
    return f"{column} INTEGER" if whole else column


def one_entry_of_everything(crm: Clarify) -> list[int]:
    """An entry for each kind of object and log, with everything that belongs to it."""
    revision = crm.product()
    part = crm.add("table_site_part", site_part2part_info=revision)
    site, contact, user = crm.add("table_site", name="Example Works"), crm.contact(), crm.user()
    case = crm.case(
        case_prod2site_part=part, case_reporter2site=site, case_reporter2contact=contact
    )
    header = crm.add("table_demand_hdr", open_reqst2site=site)
    for kind in KINDS:
        thing = case if kind.name == "case" else crm.add(kind.table, **_more(kind, case, header))
        crm.entry(10500, "7 to ann WIP default", act_entry2user=user, **{kind.relation: thing})
    for relation, (table, _) in LOGS.items():
        crm.entry(1700, act_entry2case=case, **{relation: crm.add(table)})
    rejected = crm.entry(2600, act_entry2reject_msg=crm.add("table_reject_msg"))
    crm.add("table_close_case", close_case2act_entry=rejected)
    crm.add("table_status_chg", status_chg2act_entry=rejected)
    return [row[0] for row in crm.execute(f"SELECT objid FROM {ENTRY}")]


def _more(kind: Kind, case: int, header: int) -> dict[str, int]:
    columns = {"subcase": {"subcase2case": case}, "demand_dtl": {"demand_dtl2demand_hdr": header}}
    return columns.get(kind.name, {})
