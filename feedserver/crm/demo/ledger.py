"""Which writing belongs to which act, and a whole step of them."""

from dataclasses import replace
from functools import singledispatch

from feedserver.crm.demo import annex, knowledge, logs, workflow
from feedserver.crm.demo.acts import AdvanceChange, CloseCase, Event, OpenCase, Step
from feedserver.crm.demo.world import Case
from feedserver.crm.demo.writing import Writing


@singledispatch
def record(act: object, case: Case, writing: Writing) -> Case:
    """Writes what the act leaves in the database, and returns the case as it is afterwards."""
    raise TypeError(f"no writing for an act of type {type(act).__name__}")


record.register(workflow.dispatch)
record.register(workflow.accept)
record.register(workflow.yank)
record.register(workflow.assign)
record.register(workflow.forward)
record.register(workflow.reject)
record.register(workflow.change_status)
record.register(workflow.reopen_case)
record.register(logs.log_note)
record.register(logs.log_phone)
record.register(logs.send_mail)
record.register(logs.receive_mail)
record.register(knowledge.link_solution)
record.register(knowledge.unlink_solution)
record.register(knowledge.request_change)
record.register(annex.request_part)
record.register(annex.open_subcase)
record.register(annex.close_subcase)


@record.register
def _close(act: CloseCase, case: Case, writing: Writing) -> Case:
    return workflow.close_case(act, annex.close_part_requests(act.by, case, writing), writing)


def record_event(event: Event, writing: Writing) -> int | None:
    """Writes the event, brings the world to it, and returns the objid of its case, if any."""
    if isinstance(event, Step):
        return _record_step(event, writing)
    if isinstance(event, AdvanceChange):
        knowledge.advance_change(event, writing)
    else:
        annex.sign_contract(event, writing)
    return None


def _record_step(step: Step, writing: Writing) -> int:
    if isinstance(step.case, OpenCase):
        before = workflow.open_case(step.case, writing)
    else:
        before = writing.world.find(step.case)
    after = before
    for act in step.acts:
        after = record(act, after, writing)
    after = replace(after, entries=before.entries + writing.case_entries)
    workflow.save_case(before, after, writing)
    writing.world.keep(after)
    return after.objid
