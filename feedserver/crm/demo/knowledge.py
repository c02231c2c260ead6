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
from feedserver.crm.demo.rows import ordinal
from feedserver.crm.demo.schema import BUG, PROBDESC, STATUS_CHG
from feedserver.crm.demo.world import Case, Change, Solution
from feedserver.crm.demo.writing import Writing

_FIRST_CHANGE = 1000


def link_solution(act: LinkSolution, case: Case, writing: Writing) -> Case:
    """One entry for both sides: it belongs to the case and to the solution."""
    found = writing.world.solutions.get(act.title) or _write_solution(act, writing)
    solution = replace(found, hits=found.hits + 1)
    writing.world.solutions[act.title] = solution
    writing.rows.update(PROBDESC, solution.objid, hits=solution.hits)
    writing.case_entry(
        case,
        Activity.LINK_SOLUTION,
        act.by,
        f"Solution {solution.number}",
        act_entry2probdesc=solution.objid,
    )
    return replace(case, solution=solution.number)


def _write_solution(act: LinkSolution, writing: Writing) -> Solution:
    user = writing.user(act.by)
    objid = writing.rows.insert(
        PROBDESC,
        title=act.title,
        creation_time=writing.now,
        description=f"{act.title}: the steps, one after the other.",
        rating=0,
        hits=0,
        modify_stmp=writing.now,
        public_ind=1,
        dev=1,
        probdesc_owner2user=user,
        probdesc_orig2user=user,
        probdesc2condition=writing.open_condition(),
    )
    number = str(ordinal(objid))
    writing.rows.update(PROBDESC, objid, id_number=number)
    writing.solution_entry(objid, Activity.CREATE, act.by, f"Solution {number}")
    return Solution(objid, number, hits=0)


def unlink_solution(act: UnlinkSolution, case: Case, writing: Writing) -> Case:
    writing.case_entry(case, Activity.UNLINK_SOLUTION, act.by, f"Solution {case.solution}")
    return replace(case, solution=None)


def request_change(act: RequestChange, case: Case, writing: Writing) -> Case:
    """A change request for the product of the case, unless there is an open one already."""
    known = writing.world.changes.get(case.product)
    if known is not None:
        text = f"Caused by change request {known.number}"
        return log_note(LogNote(act.by, text), case, writing)
    change = _write_change(act, case, writing)
    writing.world.changes[case.product] = change
    text = f"Change request {change.number} raised for this case"
    return log_note(LogNote(act.by, text), case, writing)


def _write_change(act: RequestChange, case: Case, writing: Writing) -> Change:
    user, condition = writing.user(act.by), writing.open_condition()
    objid = writing.rows.insert(
        BUG,
        title=act.title,
        creation_time=writing.now,
        release_rev=case.revision,
        attribute1=CHANGE_OPEN,
        modify_stmp=writing.now,
        dev=1,
        bug_condit2condition=condition,
        bug_originator2user=user,
        bug_owner2user=user,
        bug_sts2gbst_elm=writing.directory.elements[CHANGE_STATUS, CHANGE_OPEN],
        bug_product2part_info=writing.directory.revisions[case.product, case.revision],
    )
    number = f"CHG{_FIRST_CHANGE + ordinal(objid)}"
    writing.rows.update(BUG, objid, id_number=number)
    writing.entry(Activity.CREATE, act.by, f"Change request {number}", act_entry2bug=objid)
    return Change(objid, number, case.product, CHANGE_OPEN, condition)


def advance_change(act: AdvanceChange, writing: Writing) -> None:
    """From open to fixed, from fixed to closed."""
    change = writing.world.changes.pop(act.product)
    if change.status == CHANGE_OPEN:
        fixed = replace(change, status=CHANGE_FIXED)
        entry = _change_entry(change, fixed, Activity.CHANGE_STATUS, act.by, writing)
        _change_status(change, fixed, entry, act.by, writing)
        writing.world.changes[act.product] = fixed
    else:
        closed = replace(change, status=CHANGE_CLOSED)
        _change_entry(change, closed, Activity.CLOSE, act.by, writing)
        writing.set_condition(change.condition, "Closed")


def _change_entry(before: Change, after: Change, code: Activity, by: str, writing: Writing) -> int:
    writing.rows.update(
        BUG,
        after.objid,
        attribute1=after.status,
        modify_stmp=writing.now,
        bug_sts2gbst_elm=writing.directory.elements[CHANGE_STATUS, after.status],
    )
    information = f"from Status {before.status} to Status {after.status}"
    return writing.entry(code, by, information, act_entry2bug=after.objid)


def _change_status(before: Change, after: Change, entry: int, by: str, writing: Writing) -> None:
    elements = writing.directory.elements
    writing.rows.insert(
        STATUS_CHG,
        creation_time=writing.now,
        notes="",
        dev=1,
        status_chg2act_entry=entry,
        status_chger2user=writing.user(by),
        status_chg2bug=after.objid,
        p_status_chg2gbst_elm=elements[CHANGE_STATUS, before.status],
        c_status_chg2gbst_elm=elements[CHANGE_STATUS, after.status],
    )
