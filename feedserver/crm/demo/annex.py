"""How subcases, part requests and contracts are written down."""

from dataclasses import replace
from datetime import timedelta

from feedserver.crm.demo.acts import (
    CloseSubcase,
    LogNote,
    OpenSubcase,
    RequestPart,
    SignContract,
)
from feedserver.crm.demo.cast import CLOSED, NEW, Activity
from feedserver.crm.demo.logs import log_note
from feedserver.crm.demo.rows import ordinal
from feedserver.crm.demo.schema import (
    CLOSE_CASE,
    CONTRACT,
    DEMAND_DTL,
    DEMAND_HDR,
    NULL_DATE,
    SUBCASE,
    date_text,
)
from feedserver.crm.demo.world import Case, Subcase
from feedserver.crm.demo.writing import Writing

# What the title of a contract puts before the name of its site.
CONTRACT_TITLE = "Support of "

_FIRST_CONTRACT = 1000
_VENDOR_DEMAND = 2
_NORMAL_SUBCASE = 1


def open_subcase(act: OpenSubcase, case: Case, writing: Writing) -> Case:
    """The entry stands twice: on the case, and on the subcase as the child of the first."""
    user, condition = writing.user(act.by), writing.open_condition()
    number = f"{case.number}-{case.subcases + 1}"
    objid = writing.rows.insert(
        SUBCASE,
        title=act.title,
        description="",
        id_number=number,
        required_date=NULL_DATE,
        creation_time=writing.now,
        behavior=_NORMAL_SUBCASE,
        sub_type="General",
        modify_stmp=writing.now,
        warning_time=NULL_DATE,
        subcase2case=case.objid,
        subc_owner2user=user,
        subc_orig2user=user,
        subc_state2condition=condition,
        subc_casests2gbst_elm=writing.status(NEW),
    )
    information = f"Subcase {number} {act.title}"
    subcase = Subcase(objid, number, condition)
    _subcase_entries(case, subcase, Activity.CREATE_SUBCASE, act.by, information, writing)
    return replace(case, subcase=subcase, subcases=case.subcases + 1)


def close_subcase(act: CloseSubcase, case: Case, writing: Writing) -> Case:
    """Like its create, the close stands twice."""
    subcase = case.subcase
    if subcase is None:
        raise ValueError(f"case {case.number} has no open subcase to close")
    information = f"Subcase {subcase.number}"
    entry = _subcase_entries(case, subcase, Activity.CLOSE_SUBCASE, act.by, information, writing)
    writing.rows.update(
        SUBCASE,
        subcase.objid,
        modify_stmp=writing.now,
        subc_casests2gbst_elm=writing.status(CLOSED),
    )
    writing.set_condition(subcase.condition, "Closed")
    writing.rows.insert(
        CLOSE_CASE,
        close_date=writing.now,
        summary=act.summary,
        previous_closed=NULL_DATE,
        dev=1,
        closer2employee=writing.directory.employees[act.by],
        close_case2act_entry=entry,
        close_case2subcase=subcase.objid,
    )
    return replace(case, subcase=None)


def _subcase_entries(
    case: Case, subcase: Subcase, code: Activity, by: str, information: str, writing: Writing
) -> int:
    """Writes both entries and returns the objid of the one on the subcase."""
    parent = writing.case_entry(case, code, by, information)
    return writing.entry(
        code, by, information, act_entry2subcase=subcase.objid, act_entry_child2parent=parent
    )


def request_part(act: RequestPart, case: Case, writing: Writing) -> Case:
    """A request to a vendor, with one line, and a note on the case."""
    header = _write_demand(act, case, writing)
    number = f"{ordinal(header)}-1"
    user = writing.user(act.by)
    detail = writing.rows.insert(
        DEMAND_DTL,
        detail_number=number,
        details_date=writing.now,
        demand_qty=1,
        detail_notes="",
        request_type="Vendor",
        priority="",
        closed=0,
        title=f"{act.vendor} for case {case.number}",
        modify_stmp=writing.now,
        dev=1,
        demand_dtl2demand_hdr=header,
        demand_dtl_owner2user=user,
        demand_dtl_orig2user=user,
        demand_dtl2condition=writing.open_condition(),
        demand_dtl2part_info=writing.directory.revisions[case.product, case.revision],
    )
    information = f"Part request {number} to {act.vendor}"
    writing.entry(Activity.CREATE, act.by, information, act_entry2demand_dtl=detail)
    log_note(LogNote(act.by, f"Part request {number} sent to {act.vendor}"), case, writing)
    return replace(case, part_requests=(*case.part_requests, detail))


def _write_demand(act: RequestPart, case: Case, writing: Writing) -> int:
    site = writing.directory.sites[case.site]
    objid = writing.rows.insert(
        DEMAND_HDR,
        header_case_no=case.number,
        header_date=writing.now,
        originator=act.by,
        site_name=case.site,
        request_status="Open",
        priority="",
        modify_stmp=writing.now,
        demand_type=_VENDOR_DEMAND,
        dev=1,
        caseinfo2case=case.objid,
        attention2contact=writing.directory.contacts[case.contact],
        open_reqst2site=site,
        bill_reqst2site=site,
    )
    writing.rows.update(DEMAND_HDR, objid, header_number=str(ordinal(objid)))
    return objid


def close_part_requests(by: str, case: Case, writing: Writing) -> Case:
    """Closes what was requested for the case, as its close demands."""
    for detail in case.part_requests:
        writing.rows.update(DEMAND_DTL, detail, closed=1, modify_stmp=writing.now)
        information = f"Closed with case {case.number}"
        writing.entry(Activity.CLOSE, by, information, act_entry2demand_dtl=detail)
    return replace(case, part_requests=())


def sign_contract(act: SignContract, writing: Writing) -> None:
    """From now on the cases of the site stand under this contract."""
    user = writing.user(act.by)
    objid = writing.rows.insert(
        CONTRACT,
        type="Support",
        start_date=writing.now,
        expire_date=date_text(writing.at + timedelta(days=act.days)),
        status="Active",
        notes="",
        title=f"{CONTRACT_TITLE}{act.site}",
        struct_type=0,
        create_dt=writing.now,
        dev=1,
        owner2user=user,
        contract2condition=writing.open_condition(),
        contr_originator2user=user,
    )
    number = f"K-{_FIRST_CONTRACT + ordinal(objid)}"
    writing.rows.update(CONTRACT, objid, id=number)
    writing.entry(Activity.CREATE, act.by, f"Contract {number}", act_entry2contract=objid)
    writing.world.contracts[act.site] = objid
