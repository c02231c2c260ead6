"""The tables of a Clarify database, as far as the demo CRM fills them.

Names are Clarify's: a table is `table_<object>`, a relation `<from>2<to>` holds the objid of its
target, `s_<name>` is the upper-case copy of a text, `x_<name>` the customisation of one site. Dates
are text without a zone, and the zone of the demo CRM is UTC.
"""

from datetime import UTC, datetime

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

FIRST_OBJID = 268435457
NULL_DATE = "1753-01-01 00:00:00"

_DATE_FORMAT = "%Y-%m-%d %H:%M:%S"

METADATA = MetaData()


def date_text(at: datetime) -> str:
    """The instant as Clarify stores it: UTC, cut off to the second."""
    return at.astimezone(UTC).strftime(_DATE_FORMAT)


def instant(text: str) -> datetime:
    """The aware instant that a stored date means."""
    return datetime.strptime(text, _DATE_FORMAT).replace(tzinfo=UTC)


def _table(name: str, texts: str = "", numbers: str = "", relations: str = "") -> Table:
    return Table(
        f"table_{name}",
        METADATA,
        Column("objid", Integer, primary_key=True),
        *(Column(column, Text) for column in texts.split()),
        *(Column(column, Integer) for column in (numbers + " " + relations).split()),
    )


ACT_ENTRY = _table(
    "act_entry",
    texts="entry_time addnl_info proxy",
    numbers="act_code removed dev focus_lowid focus_type",
    relations="""
        act_entry2case act_entry2subcase act_entry2probdesc act_entry2workaround act_entry2user
        act_entry2reject_msg act_entry2notes_log act_entry2phone_log act_entry2resrch_log
        act_entry2commit_log act_entry2escalation act_entry2onsite_log act_entry2email_log
        act_entry2site_part act_entry2site act_entry2bug entry_name2gbst_elm
        act_entry_child2parent act_entry2biz_cal_hdr act_entry2schedule act_entry2disptchfe
        act_entry2employee act_entry2demand_dtl act_entry2doc_inst act_entry2part_trans
        act_entry2opportunity act_entry2contract act_entry2job act_entry2contact act_entry2task
        act_entry2exchange act_entry2exch_log act_entry2contr_itm act_entry2count_setup
    """,
)

CASE = _table(
    "case",
    texts="""
        title s_title id_number creation_time case_history modify_stmp
        case_type_lvl1 case_type_lvl2 case_type_lvl3 x_sla_due
    """,
    numbers="is_supercase dev x_made_sla",
    relations="""
        case_prevq2queue case_currq2queue case_wip2wipbin case_owner2user case_state2condition
        case_originator2user calltype2gbst_elm respprty2gbst_elm respsvrty2gbst_elm
        case_prod2site_part case_reporter2site case_reporter2contact entitlement2contract
        casests2gbst_elm case_prt2part_info alt_contact2contact case_victim2case
    """,
)

SUBCASE = _table(
    "subcase",
    texts="""
        title s_title description id_number required_date creation_time sub_type modify_stmp
        warning_time
    """,
    numbers="behavior",
    relations="""
        subc_prevq2queue subc_currq2queue subc_wip2wipbin subcase2case subc_owner2user
        subc_state2condition subc_orig2user subc_priorty2gbst_elm subc_svrity2gbst_elm
        subc_casests2gbst_elm
    """,
)

QUEUE = _table(
    "queue",
    texts="title s_title description",
    numbers="""
        shared_pers allow_case allow_subcase allow_probdesc allow_dmnd_dtl allow_bug allow_opp
        allow_contract allow_job allow_task allow_dialogue dev
    """,
)

USER = _table("user", texts="login_name s_login_name web_login", numbers="status dev")

EMPLOYEE = _table(
    "employee",
    texts="first_name s_first_name last_name s_last_name phone e_mail work_group",
    numbers="dev",
    relations="employee2user",
)

SITE = _table("site", texts="site_id name s_name region", numbers="type status dev")

CONTACT = _table(
    "contact",
    texts="first_name s_first_name last_name s_last_name phone e_mail",
    numbers="status dev",
)

PART_NUM = _table(
    "part_num",
    texts="description part_number s_part_number active domain family line",
    numbers="dev",
)

MOD_LEVEL = _table(
    "mod_level",
    texts="mod_level s_mod_level active eff_date end_date",
    numbers="dev",
    relations="part_info2part_num",
)

SITE_PART = _table(
    "site_part",
    texts="instance_name serial_no s_serial_no part_status",
    numbers="dev",
    relations="site_part2site site_part2part_info",
)

GBST_LST = _table("gbst_lst", texts="title", numbers="list_id locale dev")

GBST_ELM = _table(
    "gbst_elm",
    texts="title s_title description",
    numbers="rank state dev",
    relations="gbst_elm2gbst_lst",
)

CONDITION = _table(
    "condition",
    texts="wipbin_time queue_time title s_title",
    numbers="condition sequence_num dev",
)

PROBDESC = _table(
    "probdesc",
    texts="title s_title creation_time description id_number modify_stmp",
    numbers="rating hits public_ind dev",
    relations="""
        probdesc_owner2user probdesc_orig2user probdesc2condition probdesc_q2queue
        probdesc_wip2wipbin
    """,
)

BUG = _table(
    "bug",
    texts="title s_title id_number creation_time release_rev attribute1 modify_stmp",
    numbers="dev",
    relations="""
        bug_condit2condition bug_wip2wipbin bug_currq2queue bug_prevq2queue bug_originator2user
        bug_owner2user bug_priority2gbst_elm bug_sts2gbst_elm bug_product2part_info
    """,
)

CONTRACT = _table(
    "contract",
    texts="id s_id type start_date expire_date status notes title s_title create_dt",
    numbers="struct_type dev",
    relations="""
        owner2user contract2condition status2gbst_elm contr_originator2user contr_currq2queue
        primary2contact
    """,
)

DEMAND_HDR = _table(
    "demand_hdr",
    texts="""
        header_number s_header_number header_case_no header_date originator site_name
        request_status priority modify_stmp
    """,
    numbers="demand_type dev",
    relations="caseinfo2case attention2contact open_reqst2site bill_reqst2site",
)

DEMAND_DTL = _table(
    "demand_dtl",
    texts="detail_number details_date detail_notes request_type priority title modify_stmp",
    numbers="demand_qty closed dev",
    relations="""
        demand_dtl2demand_hdr demand_dtl_owner2user demand_dtl2condition demand_dtl_curq2queue
        demand_dtl_orig2user demand_dtl2part_info
    """,
)

NOTES_LOG = _table(
    "notes_log",
    texts="creation_time description internal commitment due_date action_type",
    numbers="dev x_is_internal",
    relations="case_notes2case subc_notes2subcase notes_owner2user bug_notes2bug",
)

PHONE_LOG = _table(
    "phone_log",
    texts="creation_time stop_time notes internal commitment due_date action_type",
    numbers="dev x_is_internal",
    relations="case_phone2case subc_phone2subcase phone_custmr2contact phone_owner2user",
)

EMAIL_LOG = _table(
    "email_log",
    texts="creation_time sender recipient cc_list x_subject message action_type",
    numbers="dev",
    relations="case_email2case subc_email2subcase",
)

CLOSE_CASE = _table(
    "close_case",
    texts="close_date summary previous_closed",
    numbers="dev",
    relations="""
        last_close2case closer2employee close_case2act_entry close_rsolut2gbst_elm
        cls_old_stat2gbst_elm cls_new_stat2gbst_elm close_case2subcase
    """,
)

STATUS_CHG = _table(
    "status_chg",
    texts="creation_time notes",
    numbers="dev",
    relations="""
        case_status_chg2case subc_stat_chg2subcase status_chg2act_entry status_chger2user
        c_status_chg2gbst_elm p_status_chg2gbst_elm status_chg2bug
    """,
)

REJECT_MSG = _table(
    "reject_msg",
    texts="creation_time description reject_from reject_to",
    numbers="dev",
    relations="reject_reason2case reject_reason2subcase reject_person2user",
)

Index("ind_act_entry_time", ACT_ENTRY.c.entry_time)
Index("ind_act_entry2case", ACT_ENTRY.c.act_entry2case)
# The two details of an entry whose relation stands on the other table.
Index("ind_close_case2act_entry", CLOSE_CASE.c.close_case2act_entry)
Index("ind_status_chg2act_entry", STATUS_CHG.c.status_chg2act_entry)
