"""How what people say about a case is written down: notes, calls and e-mails."""

from feedserver.crm.demo.acts import LogNote, LogPhone, ReceiveMail, SendMail
from feedserver.crm.demo.cast import Activity
from feedserver.crm.demo.schema import EMAIL_LOG, NOTES_LOG, NULL_DATE, PHONE_LOG
from feedserver.crm.demo.world import Case
from feedserver.crm.demo.writing import Writing

_SUPPORT_ADDRESS = "support@crm.example"


def log_note(act: LogNote, case: Case, writing: Writing) -> Case:
    note = writing.rows.insert(
        NOTES_LOG,
        creation_time=writing.now,
        description=act.text,
        internal=act.internal,
        commitment="",
        due_date=NULL_DATE,
        action_type="",
        dev=1,
        x_is_internal=int(act.is_internal),
        case_notes2case=case.objid,
        notes_owner2user=writing.user(act.by),
    )
    writing.case_entry(case, Activity.LOG_NOTE, act.by, act_entry2notes_log=note)
    return case


def log_phone(act: LogPhone, case: Case, writing: Writing) -> Case:
    call = writing.rows.insert(
        PHONE_LOG,
        creation_time=writing.now,
        stop_time=writing.now,
        notes=act.text,
        internal=act.internal,
        commitment="",
        due_date=NULL_DATE,
        action_type="",
        dev=1,
        x_is_internal=0,
        case_phone2case=case.objid,
        phone_custmr2contact=writing.directory.contacts[case.contact],
        phone_owner2user=writing.user(act.by),
    )
    writing.case_entry(case, Activity.LOG_PHONE, act.by, act_entry2phone_log=call)
    return case


def send_mail(act: SendMail, case: Case, writing: Writing) -> Case:
    mail = _mail(case, writing, _SUPPORT_ADDRESS, _address(case), act.text)
    writing.case_entry(case, Activity.EMAIL_OUT, act.by, act_entry2email_log=mail)
    return case


def receive_mail(act: ReceiveMail, case: Case, writing: Writing) -> Case:
    mail = _mail(case, writing, _address(case), _SUPPORT_ADDRESS, act.text)
    writing.case_entry(case, Activity.EMAIL_IN, act.by, act_entry2email_log=mail)
    return case


def _mail(case: Case, writing: Writing, sender: str, recipient: str, text: str) -> int:
    return writing.rows.insert(
        EMAIL_LOG,
        creation_time=writing.now,
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
