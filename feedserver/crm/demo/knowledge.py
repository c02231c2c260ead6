"""How solutions and change requests are written down."""

from dataclasses import replace

from feedserver.crm.demo.acts import (
    AdvanceChange,
    LinkSolution,
    LogNote,
    RequestChange,
    UnlinkSolution,
)
from feedserver.crm.demo.cast import (
    CHANGE_CLOSED,
    CHANGE_FIXED,
    CHANGE_OPEN,
    CHANGE_STATUS,
    Activity,
)
from feedserver.crm.demo.logs import log_note
from feedserver.crm.demo.page import Page
from feedserver.crm.demo.rows import ordinal
from feedserver.crm.demo.schema import BUG, PROBDESC, STATUS_CHG
from feedserver.crm.demo.world import Case, Change, Solution

_FIRST_CHANGE = 1000


def link_solution(act: LinkSolution, case: Case, page: Page) -> Case:
    """One entry for both sides: it belongs to the case and to the solution."""
    found = page.world.solutions.get(act.title) or _write_solution(act, page)
    solution = replace(found, hits=found.hits + 1)
    page.world.solutions[act.title] = solution
    page.rows.update(PROBDESC, solution.objid, hits=solution.hits)
    page.case_entry(
        case,
        Activity.LINK_SOLUTION,
        act.by,
        f"Solution {solution.number}",
        act_entry2probdesc=solution.objid,
    )
    return replace(case, solution=solution.number)


def _write_solution(act: LinkSolution, page: Page) -> Solution:
    user = page.user(act.by)
    objid = page.rows.insert(
        PROBDESC,
        title=act.title,
        creation_time=page.now,
        description=f"{act.title}: the steps, one after the other.",
        rating=0,
        hits=0,
        modify_stmp=page.now,
        public_ind=1,
        dev=1,
        probdesc_owner2user=user,
        probdesc_orig2user=user,
        probdesc2condition=page.open_condition(),
    )
    number = str(ordinal(objid))
    page.rows.update(PROBDESC, objid, id_number=number)
    page.solution_entry(objid, Activity.CREATE, act.by, f"Solution {number}")
    return Solution(objid, number, hits=0)


def unlink_solution(act: UnlinkSolution, case: Case, page: Page) -> Case:
    page.case_entry(case, Activity.UNLINK_SOLUTION, act.by, f"Solution {case.solution}")
    return replace(case, solution=None)


def request_change(act: RequestChange, case: Case, page: Page) -> Case:
    """A change request for the product of the case, unless there is an open one already."""
    known = page.world.changes.get(case.product)
    if known is not None:
        text = f"Caused by change request {known.number}"
        return log_note(LogNote(act.by, text), case, page)
    change = _write_change(act, case, page)
    page.world.changes[case.product] = change
    text = f"Change request {change.number} raised for this case"
    return log_note(LogNote(act.by, text), case, page)


def _write_change(act: RequestChange, case: Case, page: Page) -> Change:
    user, condition = page.user(act.by), page.open_condition()
    objid = page.rows.insert(
        BUG,
        title=act.title,
        creation_time=page.now,
        release_rev=case.revision,
        attribute1=CHANGE_OPEN,
        modify_stmp=page.now,
        dev=1,
        bug_condit2condition=condition,
        bug_originator2user=user,
        bug_owner2user=user,
        bug_sts2gbst_elm=page.directory.elements[CHANGE_STATUS, CHANGE_OPEN],
        bug_product2part_info=page.directory.revisions[case.product, case.revision],
    )
    number = f"CHG{_FIRST_CHANGE + ordinal(objid)}"
    page.rows.update(BUG, objid, id_number=number)
    page.entry(Activity.CREATE, act.by, f"Change request {number}", act_entry2bug=objid)
    return Change(objid, number, case.product, CHANGE_OPEN, condition)


def advance_change(act: AdvanceChange, page: Page) -> None:
    """From open to fixed, from fixed to closed."""
    change = page.world.changes.pop(act.product)
    if change.status == CHANGE_OPEN:
        fixed = replace(change, status=CHANGE_FIXED)
        entry = _change_entry(change, fixed, Activity.CHANGE_STATUS, act.by, page)
        _change_status(change, fixed, entry, act.by, page)
        page.world.changes[act.product] = fixed
    else:
        closed = replace(change, status=CHANGE_CLOSED)
        _change_entry(change, closed, Activity.CLOSE, act.by, page)
        page.set_condition(change.condition, "Closed")


def _change_entry(before: Change, after: Change, code: Activity, by: str, page: Page) -> int:
    page.rows.update(
        BUG,
        after.objid,
        attribute1=after.status,
        modify_stmp=page.now,
        bug_sts2gbst_elm=page.directory.elements[CHANGE_STATUS, after.status],
    )
    information = f"from Status {before.status} to Status {after.status}"
    return page.entry(code, by, information, act_entry2bug=after.objid)


def _change_status(before: Change, after: Change, entry: int, by: str, page: Page) -> None:
    elements = page.directory.elements
    page.rows.insert(
        STATUS_CHG,
        creation_time=page.now,
        notes="",
        dev=1,
        status_chg2act_entry=entry,
        status_chger2user=page.user(by),
        status_chg2bug=after.objid,
        p_status_chg2gbst_elm=elements[CHANGE_STATUS, before.status],
        c_status_chg2gbst_elm=elements[CHANGE_STATUS, after.status],
    )
