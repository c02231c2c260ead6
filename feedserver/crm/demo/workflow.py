"""How the way of a case through queues and hands is written down."""

from dataclasses import replace
from datetime import timedelta

from feedserver.crm.demo.acts import (
    Accept,
    Assign,
    ChangeStatus,
    CloseCase,
    Dispatch,
    Forward,
    OpenCase,
    Reject,
    ReopenCase,
    Yank,
)
from feedserver.crm.demo.cast import (
    CASE_TYPE,
    CLOSED,
    HOURS_DUE,
    NEW,
    PRIORITY,
    RESOLUTION,
    SEVERITY,
    WORKING,
    Activity,
)
from feedserver.crm.demo.rows import Value, ordinal
from feedserver.crm.demo.schema import (
    CASE,
    CLOSE_CASE,
    NULL_DATE,
    REJECT_MSG,
    STATUS_CHG,
    date_text,
)
from feedserver.crm.demo.world import Case
from feedserver.crm.demo.writing import Writing

_FIRST_NUMBER = 1000
_TITLE_LENGTH = 80


def open_case(act: OpenCase, writing: Writing) -> Case:
    """Writes the case and its first entry."""
    elements, user = writing.directory.elements, writing.user(act.by)
    condition = writing.open_condition()
    due = date_text(writing.at + timedelta(hours=HOURS_DUE[act.priority]))
    objid = writing.rows.insert(
        CASE,
        title=act.title[:_TITLE_LENGTH],
        creation_time=writing.now,
        case_history="",
        modify_stmp=writing.now,
        is_supercase=0,
        dev=1,
        case_originator2user=user,
        case_state2condition=condition,
        calltype2gbst_elm=elements[CASE_TYPE, act.case_type],
        respprty2gbst_elm=elements[PRIORITY, act.priority],
        respsvrty2gbst_elm=elements[SEVERITY, act.severity],
        case_reporter2site=writing.directory.sites[act.site],
        case_reporter2contact=writing.directory.contacts[act.contact],
        entitlement2contract=writing.world.contracts.get(act.site),
        case_type_lvl1=act.area,
        case_type_lvl2=act.product,
        x_sla_due=due,
        x_made_sla=1,
        **_product_columns(act, writing),
    )
    case = Case(
        objid=objid,
        number=str(_FIRST_NUMBER + ordinal(objid)),
        condition=condition,
        area=act.area,
        product=act.product,
        revision=act.revision,
        site=act.site,
        contact=act.contact,
        owner=act.by,
        status=NEW,
        due=due,
    )
    writing.rows.update(CASE, objid, id_number=case.number)
    writing.case_entry(
        case,
        Activity.CREATE,
        act.by,
        f" Contact = {act.contact}, Priority = {act.priority}, Status = {NEW}.",
    )
    return case


def _product_columns(act: OpenCase, writing: Writing) -> dict[str, Value]:
    """A case names the part that is installed at the site, or else only the revision."""
    installed = writing.directory.installed.get((act.site, act.product, act.revision))
    if installed is not None:
        return {"case_prod2site_part": installed}
    return {"case_prt2part_info": writing.directory.revisions[act.product, act.revision]}


def save_case(before: Case, after: Case, writing: Writing) -> None:
    """Brings the row of the case, and that of its condition, to what the case is now."""
    queues = writing.directory.queues
    writing.rows.update(
        CASE,
        after.objid,
        modify_stmp=writing.now,
        case_owner2user=writing.user(after.owner),
        casests2gbst_elm=writing.status(after.status),
        case_currq2queue=queues[after.queue] if after.queue else None,
        case_prevq2queue=queues[after.previous_queue] if after.previous_queue else None,
        x_made_sla=int(writing.now <= after.due),
    )
    if _condition(before) != _condition(after):
        writing.set_condition(after.condition, _condition(after))


def _condition(case: Case) -> str:
    if case.is_closed:
        return "Closed"
    return "Open-Dispatch" if case.queue else "Open"


def _place(case: Case) -> str:
    return f"Queue {case.queue}" if case.queue else "WIP default"


def _taken(case: Case, owner: str) -> Case:
    """The case in the hands of its owner, out of any queue."""
    previous = case.queue or case.previous_queue
    return replace(case, owner=owner, queue=None, previous_queue=previous)


def _queued(case: Case, queue: str) -> Case:
    previous = case.queue or case.previous_queue
    return replace(case, queue=queue, previous_queue=previous)


def dispatch(act: Dispatch, case: Case, writing: Writing) -> Case:
    information = f"from {_place(case)} to Queue {act.queue}"
    writing.case_entry(case, Activity.DISPATCH, act.by, information)
    return _queued(case, act.queue)


def accept(act: Accept, case: Case, writing: Writing) -> Case:
    writing.case_entry(case, Activity.ACCEPT, act.by, f"from {_place(case)} to WIP default")
    return _taken(case, act.by)


def yank(act: Yank, case: Case, writing: Writing) -> Case:
    writing.case_entry(case, Activity.YANK, act.by, f"from {_place(case)} to WIP default")
    return _taken(case, act.by)


def assign(act: Assign, case: Case, writing: Writing) -> Case:
    writing.case_entry(case, Activity.ASSIGN, act.by, f"{case.number} to {act.to} WIP default")
    return _taken(case, act.to)


def forward(act: Forward, case: Case, writing: Writing) -> Case:
    information = f"from {_place(case)} to Queue {act.queue}"
    message = _reject_message(act, case, writing, case.queue or case.owner, act.queue)
    writing.case_entry(case, Activity.FORWARD, act.by, information, act_entry2reject_msg=message)
    return _queued(case, act.queue)


def reject(act: Reject, case: Case, writing: Writing) -> Case:
    queue = case.previous_queue
    if queue is None:
        raise ValueError(f"case {case.number} has not been in a queue to which it can go back")
    information = f"from {_place(case)} to Queue {queue}"
    message = _reject_message(act, case, writing, case.owner, queue)
    writing.case_entry(case, Activity.REJECT, act.by, information, act_entry2reject_msg=message)
    return _queued(case, queue)


def _reject_message(
    act: Forward | Reject, case: Case, writing: Writing, sender: str, receiver: str
) -> int:
    return writing.rows.insert(
        REJECT_MSG,
        creation_time=writing.now,
        description=act.reason,
        reject_from=sender,
        reject_to=receiver,
        dev=1,
        reject_reason2case=case.objid,
        reject_person2user=writing.user(act.by),
    )


def change_status(act: ChangeStatus, case: Case, writing: Writing) -> Case:
    information = f"from Status {case.status} to Status {act.status}"
    entry = writing.case_entry(case, Activity.CHANGE_STATUS, act.by, information)
    writing.rows.insert(
        STATUS_CHG,
        creation_time=writing.now,
        notes=act.notes,
        dev=1,
        case_status_chg2case=case.objid,
        status_chg2act_entry=entry,
        status_chger2user=writing.user(act.by),
        p_status_chg2gbst_elm=writing.status(case.status),
        c_status_chg2gbst_elm=writing.status(act.status),
    )
    return replace(case, status=act.status)


def close_case(act: CloseCase, case: Case, writing: Writing) -> Case:
    information = f"Status = {CLOSED}, Resolution Code = {act.resolution}"
    entry = writing.case_entry(case, Activity.CLOSE, act.by, information)
    writing.rows.insert(
        CLOSE_CASE,
        close_date=writing.now,
        summary=act.summary,
        previous_closed=NULL_DATE,
        dev=1,
        last_close2case=case.objid,
        closer2employee=writing.directory.employees[act.by],
        close_case2act_entry=entry,
        close_rsolut2gbst_elm=writing.directory.elements[RESOLUTION, act.resolution],
        cls_old_stat2gbst_elm=writing.status(case.status),
        cls_new_stat2gbst_elm=writing.status(CLOSED),
    )
    return replace(_taken(case, case.owner), status=CLOSED)


def reopen_case(act: ReopenCase, case: Case, writing: Writing) -> Case:
    writing.case_entry(case, Activity.REOPEN, act.by, f"with Status {WORKING}")
    return replace(case, status=WORKING, owner=act.by)
