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
from feedserver.crm.demo.page import Page
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

# What the title of a contract puts before the name of its site.
CONTRACT_TITLE = "Support of "

_FIRST_CONTRACT = 1000
_VENDOR_DEMAND = 2
_NORMAL_SUBCASE = 1


def open_subcase(act: OpenSubcase, case: Case, page: Page) -> Case:
    """The entry stands twice: on the case, and on the subcase as the child of the first."""
    user, condition = page.user(act.by), page.open_condition()
    number = f"{case.number}-{case.subcases + 1}"
    objid = page.rows.insert(
        SUBCASE,
        title=act.title,
        description="",
        id_number=number,
        required_date=NULL_DATE,
        creation_time=page.now,
        behavior=_NORMAL_SUBCASE,
        sub_type="General",
        modify_stmp=page.now,
        warning_time=NULL_DATE,
        subcase2case=case.objid,
        subc_owner2user=user,
        subc_orig2user=user,
        subc_state2condition=condition,
        subc_casests2gbst_elm=page.status(NEW),
    )
    information = f"Subcase {number} {act.title}"
    subcase = Subcase(objid, number, condition)
    _subcase_entries(case, subcase, Activity.CREATE_SUBCASE, act.by, information, page)
    return replace(case, subcase=subcase, subcases=case.subcases + 1)


def close_subcase(act: CloseSubcase, case: Case, page: Page) -> Case:
    """Like its create, the close stands twice."""
    subcase = case.subcase
    if subcase is None:
        raise ValueError(f"case {case.number} has no open subcase to close")
    information = f"Subcase {subcase.number}"
    entry = _subcase_entries(case, subcase, Activity.CLOSE_SUBCASE, act.by, information, page)
    page.rows.update(
        SUBCASE, subcase.objid, modify_stmp=page.now, subc_casests2gbst_elm=page.status(CLOSED)
    )
    page.set_condition(subcase.condition, "Closed")
    page.rows.insert(
        CLOSE_CASE,
        close_date=page.now,
        summary=act.summary,
        previous_closed=NULL_DATE,
        dev=1,
        closer2employee=page.directory.employees[act.by],
        close_case2act_entry=entry,
        close_case2subcase=subcase.objid,
    )
    return replace(case, subcase=None)


def _subcase_entries(
    case: Case, subcase: Subcase, code: Activity, by: str, information: str, page: Page
) -> int:
    """Writes both entries and returns the objid of the one on the subcase."""
    parent = page.case_entry(case, code, by, information)
    return page.entry(
        code, by, information, act_entry2subcase=subcase.objid, act_entry_child2parent=parent
    )


def request_part(act: RequestPart, case: Case, page: Page) -> Case:
    """A request to a vendor, with one line, and a note on the case."""
    header = _write_demand(act, case, page)
    number = f"{ordinal(header)}-1"
    user = page.user(act.by)
    detail = page.rows.insert(
        DEMAND_DTL,
        detail_number=number,
        details_date=page.now,
        demand_qty=1,
        detail_notes="",
        request_type="Vendor",
        priority="",
        closed=0,
        title=f"{act.vendor} for case {case.number}",
        modify_stmp=page.now,
        dev=1,
        demand_dtl2demand_hdr=header,
        demand_dtl_owner2user=user,
        demand_dtl_orig2user=user,
        demand_dtl2condition=page.open_condition(),
        demand_dtl2part_info=page.directory.revisions[case.product, case.revision],
    )
    information = f"Part request {number} to {act.vendor}"
    page.entry(Activity.CREATE, act.by, information, act_entry2demand_dtl=detail)
    log_note(LogNote(act.by, f"Part request {number} sent to {act.vendor}"), case, page)
    return replace(case, part_requests=(*case.part_requests, detail))


def _write_demand(act: RequestPart, case: Case, page: Page) -> int:
    site = page.directory.sites[case.site]
    objid = page.rows.insert(
        DEMAND_HDR,
        header_case_no=case.number,
        header_date=page.now,
        originator=act.by,
        site_name=case.site,
        request_status="Open",
        priority="",
        modify_stmp=page.now,
        demand_type=_VENDOR_DEMAND,
        dev=1,
        caseinfo2case=case.objid,
        attention2contact=page.directory.contacts[case.contact],
        open_reqst2site=site,
        bill_reqst2site=site,
    )
    page.rows.update(DEMAND_HDR, objid, header_number=str(ordinal(objid)))
    return objid


def close_part_requests(by: str, case: Case, page: Page) -> Case:
    """Closes what was requested for the case, as its close demands."""
    for detail in case.part_requests:
        page.rows.update(DEMAND_DTL, detail, closed=1, modify_stmp=page.now)
        information = f"Closed with case {case.number}"
        page.entry(Activity.CLOSE, by, information, act_entry2demand_dtl=detail)
    return replace(case, part_requests=())


def sign_contract(act: SignContract, page: Page) -> None:
    """From now on the cases of the site stand under this contract."""
    user = page.user(act.by)
    objid = page.rows.insert(
        CONTRACT,
        type="Support",
        start_date=page.now,
        expire_date=date_text(page.at + timedelta(days=act.days)),
        status="Active",
        notes="",
        title=f"{CONTRACT_TITLE}{act.site}",
        struct_type=0,
        create_dt=page.now,
        dev=1,
        owner2user=user,
        contract2condition=page.open_condition(),
        contr_originator2user=user,
    )
    number = f"K-{_FIRST_CONTRACT + ordinal(objid)}"
    page.rows.update(CONTRACT, objid, id=number)
    page.entry(Activity.CREATE, act.by, f"Contract {number}", act_entry2contract=objid)
    page.world.contracts[act.site] = objid
