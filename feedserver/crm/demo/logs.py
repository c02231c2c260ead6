"""How what people say about a case is written down: notes, calls and e-mails."""

from feedserver.crm.demo.acts import LogNote, LogPhone, ReceiveMail, SendMail
from feedserver.crm.demo.cast import Activity
from feedserver.crm.demo.page import Page
from feedserver.crm.demo.schema import EMAIL_LOG, NOTES_LOG, NULL_DATE, PHONE_LOG
from feedserver.crm.demo.world import Case

_SUPPORT_ADDRESS = "support@crm.example"


def log_note(act: LogNote, case: Case, page: Page) -> Case:
    note = page.rows.insert(
        NOTES_LOG,
        creation_time=page.now,
        description=act.text,
        internal=act.internal,
        commitment="",
        due_date=NULL_DATE,
        action_type="",
        dev=1,
        x_is_internal=int(act.is_internal),
        case_notes2case=case.objid,
        notes_owner2user=page.user(act.by),
    )
    page.case_entry(case, Activity.LOG_NOTE, act.by, act_entry2notes_log=note)
    return case


def log_phone(act: LogPhone, case: Case, page: Page) -> Case:
    call = page.rows.insert(
        PHONE_LOG,
        creation_time=page.now,
        stop_time=page.now,
        notes=act.text,
        internal=act.internal,
        commitment="",
        due_date=NULL_DATE,
        action_type="",
        dev=1,
        x_is_internal=0,
        case_phone2case=case.objid,
        phone_custmr2contact=page.directory.contacts[case.contact],
        phone_owner2user=page.user(act.by),
    )
    page.case_entry(case, Activity.LOG_PHONE, act.by, act_entry2phone_log=call)
    return case


def send_mail(act: SendMail, case: Case, page: Page) -> Case:
    mail = _mail(case, page, _SUPPORT_ADDRESS, _address(case), act.text)
    page.case_entry(case, Activity.EMAIL_OUT, act.by, act_entry2email_log=mail)
    return case


def receive_mail(act: ReceiveMail, case: Case, page: Page) -> Case:
    mail = _mail(case, page, _address(case), _SUPPORT_ADDRESS, act.text)
    page.case_entry(case, Activity.EMAIL_IN, act.by, act_entry2email_log=mail)
    return case


def _mail(case: Case, page: Page, sender: str, recipient: str, text: str) -> int:
    return page.rows.insert(
        EMAIL_LOG,
        creation_time=page.now,
        sender=sender,
        recipient=recipient,
        cc_list="",
        x_subject=f"Case {case.number}",
        message=text,
        action_type="External email",
        dev=1,
        case_email2case=case.objid,
    )


def _address(case: Case) -> str:
    return contact_address(*case.contact.split(" ", 1))


def contact_address(first_name: str, last_name: str) -> str:
    """The e-mail address of a customer's contact."""
    letters = (letter for letter in f"{first_name}.{last_name}".lower() if letter.isascii())
    return "".join(letters).replace("'", "").replace(" ", "") + "@customer.example"
