"""The tables of Clarify that are read, by their own names, and the statements that read them.

The keys of every table are whole numbers, `objid`; a relation is a column `<from>2<to>` with the
target's objid. A site may lack tables and columns, so what is there is looked up first.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Statement = sa.Select[Any]

ENTRY = "table_act_entry"


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of object to which an entry may belong; there are those of `KINDS` and no others.

    `relation` is the entry's column, `name` Clarify's word for the object (it stands in ids),
    `word` feedserver's; the object's number and title stand in these columns of its table.
    """

    relation: str
    name: str
    word: str
    table: str
    number: str
    title: str


KINDS = (
    Kind("act_entry2case", "case", "case", "table_case", "id_number", "title"),
    Kind("act_entry2subcase", "subcase", "subcase", "table_subcase", "id_number", "title"),
    Kind("act_entry2probdesc", "probdesc", "solution", "table_probdesc", "id_number", "title"),
    Kind("act_entry2bug", "bug", "change-request", "table_bug", "id_number", "title"),
    Kind(
        "act_entry2demand_dtl",
        "demand_dtl",
        "part-request",
        "table_demand_dtl",
        "detail_number",
        "title",
    ),
    Kind("act_entry2contract", "contract", "contract", "table_contract", "id", "title"),
    Kind("act_entry2opportunity", "opportunity", "opportunity", "table_opportunity", "id", "name"),
    Kind("act_entry2task", "task", "task", "table_task", "task_id", "title"),
    Kind("act_entry2job", "job", "job", "table_job", "job_id", "title"),
    Kind(
        "act_entry2site_part",
        "site_part",
        "site-part",
        "table_site_part",
        "serial_no",
        "instance_name",
    ),
    Kind("act_entry2site", "site", "organization", "table_site", "site_id", "name"),
)
"""The kinds of objects, the one first to which an entry belongs if it has several."""

FOCUS = {0: KINDS[0], 1: next(kind for kind in KINDS if kind.name == "probdesc")}
"""The kind of an entry's `focus_type`, for entries without a relation."""

QUEUED = tuple(kind for kind in KINDS if kind.name not in ("job", "site_part", "site"))
"""The kinds that lie in queues."""

LOGS = {
    "act_entry2notes_log": ("table_notes_log", "description"),
    "act_entry2phone_log": ("table_phone_log", "notes"),
    "act_entry2resrch_log": ("table_resrch_log", "notes"),
    "act_entry2email_log": ("table_email_log", "message"),
    "act_entry2onsite_log": ("table_onsite_log", ""),
}
"""The detail logs of an entry and the column of their public text; expenses have none."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    ENTRY: (
        "act_code",
        "entry_time",
        "addnl_info",
        "act_entry2user",
        "act_entry2contact",
        "act_entry2reject_msg",
        "entry_name2gbst_elm",
        "focus_type",
        "focus_lowid",
        *(kind.relation for kind in KINDS),
        *LOGS,
    ),
    "table_case": (
        "id_number",
        "title",
        "case_reporter2site",
        "case_reporter2contact",
        "case_prod2site_part",
        "case_prt2part_info",
        "respprty2gbst_elm",
        "respsvrty2gbst_elm",
        "calltype2gbst_elm",
    ),
    "table_subcase": ("id_number", "title", "subcase2case"),
    "table_probdesc": ("id_number", "title"),
    "table_bug": ("id_number", "title", "bug_product2part_info"),
    "table_demand_dtl": (
        "detail_number",
        "title",
        "demand_dtl2part_info",
        "demand_dtl2demand_hdr",
    ),
    "table_demand_hdr": ("open_reqst2site",),
    "table_contract": ("id", "title"),
    "table_opportunity": ("id", "name"),
    "table_task": ("task_id", "title"),
    "table_job": ("job_id", "title"),
    "table_site_part": ("serial_no", "instance_name", "site_part2part_info"),
    "table_site": ("site_id", "name"),
    "table_contact": ("first_name", "last_name"),
    "table_user": ("login_name",),
    "table_employee": ("first_name", "last_name", "employee2user"),
    "table_mod_level": ("mod_level", "part_info2part_num"),
    "table_part_num": ("part_number",),
    "table_queue": ("title",),
    "table_gbst_elm": ("title", "rank", "gbst_elm2gbst_lst"),
    "table_gbst_lst": ("title",),
    "table_notes_log": ("description", "x_is_internal"),
    "table_phone_log": ("notes", "x_is_internal"),
    "table_resrch_log": ("notes", "x_is_internal"),
    "table_email_log": ("message", "x_is_internal"),
    "table_onsite_log": (),
    "table_reject_msg": ("description",),
    "table_close_case": ("summary", "close_case2act_entry"),
    "table_status_chg": ("notes", "status_chg2act_entry", "c_status_chg2gbst_elm"),
}
"""The columns that are read beside `objid`. The internal parts of logs are not among them."""

Present = Mapping[str, Collection[str]]
"""The columns that a database has, by table; a table that it lacks is not in it."""


def table(name: str) -> sa.TableClause:
    """The table with every column that is ever read of it."""
    columns = (sa.column(column, _type(column)) for column in ("objid", *COLUMNS[name]))
    return sa.table(name, *columns)


def _type(column: str) -> sa.types.TypeEngine[Any]:
    """Whole numbers for keys; no type for the rest, which comes as the database has it.

    A typed date would fail for the whole answer where one row holds none.
    """
    is_key = "2" in column or column in ("objid", "act_code")
    return sa.BigInteger() if is_key else sa.types.NullType()


def _columns(there: sa.TableClause, present: Present) -> list[sa.ColumnElement[Any]]:
    """The columns that there are; null for those that this site lacks."""
    return [
        column
        if column.name == "objid" or column.name in present[there.name]
        else sa.null().label(column.name)
        for column in there.c
    ]


def select_by(name: str, column: str, present: Present) -> Statement:
    """The rows whose `column` is among the parameter `keys`, in order of objid."""
    there = table(name)
    keys: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
    return (
        sa.select(*_columns(there, present))
        .where(there.c[column].in_(keys))
        .order_by(there.c.objid)
    )


def select_span(name: str, column: str, present: Present) -> Statement:
    """The rows whose `column` is from the parameter `first` to `last`, in order of objid."""
    there = table(name)
    return (
        sa.select(*_columns(there, present))
        .where(there.c[column] >= sa.bindparam("first"))
        .where(there.c[column] <= sa.bindparam("last"))
        .order_by(there.c.objid)
    )


def select_all(name: str, present: Present) -> Statement:
    """Every row; for the small tables of queues and lists."""
    return sa.select(*_columns(table(name), present))


def select_keys(count: int, newest_first: bool = False) -> Statement:
    """The objids of entries between the parameters `after` and `upto`, at most `count`.

    The count is no parameter: SQL Server would then number the rows and give them in any order.
    """
    objid = table(ENTRY).c.objid
    return (
        sa.select(objid)
        .where(objid > sa.bindparam("after"))
        .where(objid <= sa.bindparam("upto"))
        .order_by(objid.desc() if newest_first else objid)
        .limit(count)
    )


def select_moves(kind: Kind, codes: Collection[int]) -> Statement:
    """The steps through queues of the objects among `keys`, up to the entry `upto`."""
    entry = table(ENTRY).c
    relation = entry[kind.relation]
    return (
        sa.select(entry.objid, relation.label("thing"), entry.act_code, entry.addnl_info)
        .where(relation.in_(sa.bindparam("keys", expanding=True)))
        .where(entry.act_code.in_(sorted(codes)))
        .where(entry.objid <= sa.bindparam("upto"))
        .order_by(entry.objid)
    )


def select_last_before() -> Statement:
    """The objid before the first entry from the parameter `moment` on, null where none is."""
    entry = table(ENTRY).c
    first = sa.func.min(entry.objid)
    return sa.select(first - 1).where(entry.entry_time >= sa.bindparam("moment"))


def select_highest() -> Statement:
    """The highest objid of all entries, null where there is none."""
    return sa.select(sa.func.max(table(ENTRY).c.objid))


def select_count() -> Statement:
    """How many entries have an objid above the parameter `after`."""
    objid = table(ENTRY).c.objid
    return sa.select(sa.func.count(objid)).where(objid > sa.bindparam("after"))


def probe(name: str) -> Statement:
    """No row of the table, with all its columns; works for views and synonyms too."""
    return sa.select(sa.text("*")).select_from(sa.table(name)).where(sa.text("1 = 0"))


def statements() -> dict[str, Statement]:
    """Every statement that is ever sent, by what it is for; each database must take them all."""
    present = COLUMNS
    found: dict[str, Statement] = {
        "keys": select_keys(5),
        "newest keys": select_keys(5, newest_first=True),
        "last before": select_last_before(),
        "highest": select_highest(),
        "count": select_count(),
    }
    for name in COLUMNS:
        found[f"probe {name}"] = probe(name)
        found[f"all of {name}"] = select_all(name, present)
        found[f"{name} by objid"] = select_by(name, "objid", present)
        found[f"{name} by a span of objid"] = select_span(name, "objid", present)
        found[f"{name} of a poor site"] = select_by(name, "objid", {name: ()})
    for name, column in BACKWARDS:
        found[f"{name} by {column}"] = select_by(name, column, present)
        found[f"{name} by a span of {column}"] = select_span(name, column, present)
    for kind in QUEUED:
        found[f"moves of {kind.name}"] = select_moves(kind, (100, 900))
    return found


BACKWARDS = (
    ("table_close_case", "close_case2act_entry"),
    ("table_status_chg", "status_chg2act_entry"),
    ("table_employee", "employee2user"),
    ("table_user", "login_name"),
)
"""The tables that are read by another column than their objid."""
