"""Reads from its rows what the demo CRM has to know in order to go on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from feedserver.crm.demo.annex import CONTRACT_TITLE
from feedserver.crm.demo.cast import Activity
from feedserver.crm.demo.directory import contact_name, pairs
from feedserver.crm.demo.schema import (
    ACT_ENTRY,
    BUG,
    CASE,
    CONDITION,
    CONTACT,
    CONTRACT,
    DEMAND_DTL,
    DEMAND_HDR,
    GBST_ELM,
    MOD_LEVEL,
    PART_NUM,
    PROBDESC,
    QUEUE,
    SITE,
    SITE_PART,
    SUBCASE,
    USER,
)
from feedserver.crm.demo.world import RECENT, Case, Change, Solution, Subcase, World

_CLOSED_CONDITION = "Closed"


def read_world(connection: Connection) -> World:
    """All open cases, the latest closed ones, and what stands beside them."""
    world = World(
        solutions=_solutions(connection),
        changes=_changes(connection),
        contracts=_contracts(connection),
    )
    is_open = CONDITION.c.title != _CLOSED_CONDITION
    for case in _cases(connection, is_open):
        world.keep(case)
    recent = _latest_closed(connection)
    closed = {case.objid: case for case in _cases(connection, CASE.c.objid.in_(recent))}
    for objid in recent:
        world.keep(closed[objid])
    return world


def _latest_closed(connection: Connection) -> list[int]:
    """The objids of the cases that were closed last, the very last one at the end."""
    last_close = func.max(ACT_ENTRY.c.objid)
    query = (
        select(CASE.c.objid)
        .join(CONDITION, CONDITION.c.objid == CASE.c.case_state2condition)
        .join(ACT_ENTRY, ACT_ENTRY.c.act_entry2case == CASE.c.objid)
        .where(CONDITION.c.title == _CLOSED_CONDITION)
        .where(ACT_ENTRY.c.act_code == Activity.CLOSE.value)
        .group_by(CASE.c.objid)
        .order_by(last_close.desc())
        .limit(RECENT)
    )
    return list(connection.scalars(query))[::-1]


def _cases(connection: Connection, condition: ColumnElement[bool]) -> list[Case]:
    """The cases for which the condition holds, by objid."""
    found = connection.execute(_case_query(condition)).mappings().all()
    objids = [row["objid"] for row in found]
    entries = _entry_counts(connection, objids)
    solutions = _linked_solutions(connection, objids)
    subcases = _subcase_counts(connection, objids)
    open_subcases = _open_subcases(connection, objids)
    part_requests = _part_requests(connection, objids)
    return [
        Case(
            **row,
            entries=entries[row["objid"]],
            solution=solutions.get(row["objid"]),
            subcase=open_subcases.get(row["objid"]),
            subcases=subcases.get(row["objid"], 0),
            part_requests=tuple(part_requests.get(row["objid"], ())),
        )
        for row in found
    ]


def _case_query(condition: ColumnElement[bool]) -> Select[Any]:
    """What the row of a case, and the rows to which it leads, say of it."""
    current, previous = QUEUE.alias(), QUEUE.alias()
    return (
        select(
            CASE.c.objid,
            CASE.c.id_number.label("number"),
            CASE.c.case_state2condition.label("condition"),
            CASE.c.case_type_lvl1.label("area"),
            PART_NUM.c.part_number.label("product"),
            MOD_LEVEL.c.mod_level.label("revision"),
            SITE.c.name.label("site"),
            contact_name().label("contact"),
            USER.c.login_name.label("owner"),
            GBST_ELM.c.title.label("status"),
            CASE.c.x_sla_due.label("due"),
            current.c.title.label("queue"),
            previous.c.title.label("previous_queue"),
        )
        .join(CONDITION, CONDITION.c.objid == CASE.c.case_state2condition)
        .join(SITE, SITE.c.objid == CASE.c.case_reporter2site)
        .join(CONTACT, CONTACT.c.objid == CASE.c.case_reporter2contact)
        .join(USER, USER.c.objid == CASE.c.case_owner2user)
        .join(GBST_ELM, GBST_ELM.c.objid == CASE.c.casests2gbst_elm)
        .outerjoin(SITE_PART, SITE_PART.c.objid == CASE.c.case_prod2site_part)
        .join(
            MOD_LEVEL,
            MOD_LEVEL.c.objid
            == func.coalesce(CASE.c.case_prt2part_info, SITE_PART.c.site_part2part_info),
        )
        .join(PART_NUM, PART_NUM.c.objid == MOD_LEVEL.c.part_info2part_num)
        .outerjoin(current, current.c.objid == CASE.c.case_currq2queue)
        .outerjoin(previous, previous.c.objid == CASE.c.case_prevq2queue)
        .where(condition)
        .order_by(CASE.c.objid)
    )


def _entry_counts(connection: Connection, cases: Sequence[int]) -> dict[int, int]:
    of_case = ACT_ENTRY.c.act_entry2case
    query = select(of_case, func.count()).where(of_case.in_(cases)).group_by(of_case)
    return pairs(connection, query)


def _linked_solutions(connection: Connection, cases: Sequence[int]) -> dict[int, str | None]:
    """Per case the number of its solution, None where the link has been taken away."""
    query = (
        select(ACT_ENTRY.c.act_entry2case, PROBDESC.c.id_number)
        .outerjoin(PROBDESC, PROBDESC.c.objid == ACT_ENTRY.c.act_entry2probdesc)
        .where(ACT_ENTRY.c.act_entry2case.in_(cases))
        .where(
            ACT_ENTRY.c.act_code.in_((Activity.LINK_SOLUTION.value, Activity.UNLINK_SOLUTION.value))
        )
        .order_by(ACT_ENTRY.c.objid)
    )
    return pairs(connection, query)


def _subcase_counts(connection: Connection, cases: Sequence[int]) -> dict[int, int]:
    of_case = SUBCASE.c.subcase2case
    query = select(of_case, func.count()).where(of_case.in_(cases)).group_by(of_case)
    return pairs(connection, query)


def _open_subcases(connection: Connection, cases: Sequence[int]) -> dict[int, Subcase]:
    query = (
        select(
            SUBCASE.c.subcase2case,
            SUBCASE.c.objid,
            SUBCASE.c.id_number,
            SUBCASE.c.subc_state2condition,
        )
        .join(CONDITION, CONDITION.c.objid == SUBCASE.c.subc_state2condition)
        .where(SUBCASE.c.subcase2case.in_(cases))
        .where(CONDITION.c.title != _CLOSED_CONDITION)
    )
    return {case: Subcase(*subcase) for case, *subcase in connection.execute(query)}


def _part_requests(connection: Connection, cases: Sequence[int]) -> dict[int, list[int]]:
    query = (
        select(DEMAND_HDR.c.caseinfo2case, DEMAND_DTL.c.objid)
        .join(DEMAND_DTL, DEMAND_DTL.c.demand_dtl2demand_hdr == DEMAND_HDR.c.objid)
        .where(DEMAND_HDR.c.caseinfo2case.in_(cases))
        .where(DEMAND_DTL.c.closed == 0)
        .order_by(DEMAND_DTL.c.objid)
    )
    requests: dict[int, list[int]] = {}
    for case, request in connection.execute(query):
        requests.setdefault(case, []).append(request)
    return requests


def _solutions(connection: Connection) -> dict[str, Solution]:
    query = select(PROBDESC.c.title, PROBDESC.c.objid, PROBDESC.c.id_number, PROBDESC.c.hits)
    return {title: Solution(*solution) for title, *solution in connection.execute(query)}


def _changes(connection: Connection) -> dict[str, Change]:
    query = (
        select(
            BUG.c.objid,
            BUG.c.id_number,
            PART_NUM.c.part_number,
            GBST_ELM.c.title,
            BUG.c.bug_condit2condition,
        )
        .join(CONDITION, CONDITION.c.objid == BUG.c.bug_condit2condition)
        .join(GBST_ELM, GBST_ELM.c.objid == BUG.c.bug_sts2gbst_elm)
        .join(MOD_LEVEL, MOD_LEVEL.c.objid == BUG.c.bug_product2part_info)
        .join(PART_NUM, PART_NUM.c.objid == MOD_LEVEL.c.part_info2part_num)
        .where(CONDITION.c.title != _CLOSED_CONDITION)
    )
    changes = [Change(*row) for row in connection.execute(query)]
    return {change.product: change for change in changes}


def _contracts(connection: Connection) -> dict[str, int]:
    """The newest contract of every site that has one."""
    query = select(CONTRACT.c.title, CONTRACT.c.objid).order_by(CONTRACT.c.objid)
    return {title.removeprefix(CONTRACT_TITLE): objid for title, objid in connection.execute(query)}
