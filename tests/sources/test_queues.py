"""Which queue an entry belongs to: the CRM's own steps through queues tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.sources.clarify.queues import Trail, queue_of_step
from tests.sources.clarify_builder import Clarify
from tests.sources.conftest import MakeSource

KNOWN = {"Support", "Group 70", "Send to Queue Manager", "Manager", "from Queue A to WIP"}


@pytest.mark.parametrize(
    ("code", "info", "queue"),
    [
        (900, "from WIP default to Queue Support", "Support"),
        (900, "from Queue Group 70 to Queue Support", "Support"),
        (900, "to Queue Support", "Support"),
        (900, "  TO QUEUE Support \n", "Support"),
        (900, "from WIP default to Queue Unheard of", "Unheard of"),
        (900, "from WIP default to Queue Send to Queue Manager", "Send to Queue Manager"),
        (900, "from Queue Send to Queue Manager to Queue Support", "Support"),
        (900, "from Queue X to Queue Y to Queue Z", "Z"),
        (900, "from WIP default into Queue Support", None),
        (900, "", None),
        (1100, "from Queue Support to Queue Group 70", "Group 70"),
        (2600, "from WIP default to Queue Support", "Support"),
        (100, "from Queue Support to WIP default", "Support"),
        (100, "from Queue Send to Queue Manager to WIP default", "Send to Queue Manager"),
        (100, "from Queue Support to WIP to WIP", "Support to WIP"),
        (100, "taken", None),
        (4100, "from Queue Group 70 to WIP default", "Group 70"),
        (10500, "1234 to ann WIP default", None),
        (1700, "moved from WIP default to Queue Support", None),
        (600, "from Queue Support to WIP default", None),
        (None, "to Queue Support", None),
    ],
)
def test_the_text_of_a_step_names_its_queue(code: int | None, info: str, queue: str | None) -> None:
    assert queue_of_step(code, info, KNOWN) == queue


@given(st.integers() | st.none(), st.text(), st.sets(st.text()))
def test_no_text_is_too_odd(code: int | None, info: str, known: set[str]) -> None:
    queue = queue_of_step(code, info, known)

    assert queue is None or queue in info


@given(st.sampled_from(sorted(KNOWN)), st.sampled_from(sorted(KNOWN)))
def test_a_known_name_is_found_whatever_it_holds(left: str, entered: str) -> None:
    info = f"from Queue {left} to Queue {entered}"

    # The longer reading of two known ones wins: nothing in the text can tell them apart.
    assert str(queue_of_step(900, info, KNOWN)).endswith(entered)
    assert queue_of_step(100, f"from Queue {left} to WIP default", KNOWN) == left


def test_a_trail_tells_the_queue_at_any_entry() -> None:
    trail = Trail()
    trail.step(10, 900, "Support")
    trail.step(20, 100, "Support")
    trail.step(30, 2600, "Group 70")

    assert [trail.queue_at(at) for at in (9, 10, 19, 20, 29, 30, 99)] == [
        None,
        "Support",
        "Support",
        "Support",
        "Support",
        "Group 70",
        "Group 70",
    ]


def test_a_dispatch_without_a_name_leads_nobody_knows_where() -> None:
    trail = Trail()
    trail.step(10, 900, "Support")
    trail.step(20, 100, None)
    trail.step(30, 900, None)

    assert trail.queue_at(20) == "Support"
    assert trail.queue_at(30) is None


def queues_of(crm: Clarify, open_source: MakeSource) -> list[tuple[str, ...]]:
    return [draft.queues for draft in open_source().poll(None, lambda _: set()).drafts]


def test_a_case_stays_with_its_last_queue_after_it_was_taken_out(
    crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case(case_currq2queue=crm.queue("Somewhere else"))
    crm.entry(600, act_entry2case=case)
    crm.entry(900, "from WIP default to Queue Support", act_entry2case=case)
    crm.entry(1700, act_entry2case=case)
    crm.entry(100, "from Queue Support to WIP default", act_entry2case=case)
    crm.entry(300, act_entry2case=case)
    crm.entry(10500, "1234 to ann WIP default", act_entry2case=case)
    crm.entry(2600, "from WIP default to Queue Group 70", act_entry2case=case)
    crm.entry(200, act_entry2case=case)

    assert queues_of(crm, open_source) == [(), *[("Support",)] * 5, *[("Group 70",)] * 2]


def test_each_object_has_a_trail_of_its_own(crm: Clarify, open_source: MakeSource) -> None:
    # objids are unique in a table only: the case and the subcase here have the same.
    case, subcase = crm.case(), crm.add("table_subcase", id_number="1234-1")
    other = crm.case("1235")
    assert case == subcase
    crm.entry(900, "to Queue Support", act_entry2case=case)
    crm.entry(900, "to Queue Group 70", act_entry2subcase=subcase)
    crm.entry(1700, act_entry2case=other)
    crm.entry(1700, act_entry2case=case)
    crm.entry(1700, act_entry2subcase=subcase)

    assert queues_of(crm, open_source) == [
        ("Support",),
        ("Group 70",),
        (),
        ("Support",),
        ("Group 70",),
    ]


def test_a_step_that_was_recorded_long_ago_still_counts(
    crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case()
    crm.entry(900, "to Queue Support", act_entry2case=case)
    place = open_source(start="now").poll(None, lambda _: set()).place
    crm.entry(1700, act_entry2case=case)

    drafts = open_source(start="now").poll(place, lambda _: set()).drafts

    assert [draft.queues for draft in drafts] == [("Support",)]


def test_a_step_that_is_not_yet_taken_does_not_count(crm: Clarify, open_source: MakeSource) -> None:
    case = crm.case()
    crm.entry(900, "to Queue Support", act_entry2case=case)
    late = crm.skip(1)
    crm.entry(900, "to Queue Group 70", act_entry2case=case)
    source = open_source()
    recorded = {draft.id for draft in source.poll(None, lambda _: set()).drafts}
    crm.entry(1700, act_entry2case=case, objid=late)

    drafts = open_source().poll(source.poll(None, lambda _: recorded).place, lambda _: recorded)

    assert [draft.queues for draft in drafts.drafts] == [("Support",)]
