"""What an entry of the CRM's log becomes."""

from collections.abc import Callable
from typing import Any

import pytest

from feedserver.model.activity import Draft, Object, Product
from feedserver.ports import Poll
from feedserver.sources.clarify.codes import CODES
from feedserver.sources.clarify.tables import KINDS
from tests.builders import AUTHORITY, object_of
from tests.sources.clarify_builder import FIRST_OBJID, Clarify
from tests.sources.conftest import MakeSource

ROOT = f"tag:{AUTHORITY}:crm"
SECRET = "INTERNAL: the customer is a nuisance #nuisance"


@pytest.fixture
def poll(open_source: MakeSource) -> Callable[..., Poll]:
    """Polls everything that there is."""
    return lambda **settings: open_source(**settings).poll(None, lambda _: set())


@pytest.fixture
def only_draft(poll: Callable[..., Poll]) -> Callable[..., Draft]:
    """The draft of the only entry, of which nothing is odd."""

    def draft(**settings: Any) -> Draft:
        answer = poll(**settings)
        assert (answer.problems, answer.failed) == ((), ())
        (draft,) = answer.drafts
        return draft

    return draft


OnlyDraft = Callable[..., Draft]
DoPoll = Callable[..., Poll]


def test_an_entry_becomes_an_activity_with_everything_that_belongs_to_it(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    site = crm.add("table_site", name="Example Works", site_id="S-77")
    case = crm.case(
        "1234",
        "Printer on fire #urgent",
        case_reporter2site=site,
        case_prt2part_info=crm.product("P-9000", "B"),
        respprty2gbst_elm=crm.element("Response Priority Code", "High"),
        respsvrty2gbst_elm=crm.element("Problem Severity Level", "Severe"),
        calltype2gbst_elm=crm.element("Case Type", "Question"),
        case_currq2queue=crm.queue("Elsewhere"),
    )
    queue = crm.queue("Support")
    objid = crm.entry(
        900,
        "from WIP default to Queue Support",
        "2026-03-02 10:00:00",
        act_entry2case=case,
        act_entry2user=crm.user("ann"),
    )

    draft = only_draft(links={"case": "https://crm.example/cases/{id}"})

    assert draft.id == f"{ROOT}/act_entry/{objid}"
    assert draft.source == "crm"
    assert draft.actor == Object("person", f"{ROOT}/user/{FIRST_OBJID}", "Ann Sample", login="ann")
    assert draft.verb == "dispatch"
    assert draft.object == Object(
        "case",
        f"{ROOT}/case/{case}",
        "Printer on fire #urgent",
        "1234",
        "https://crm.example/cases/1234",
    )
    assert draft.target == Object("queue", f"{ROOT}/queue/{queue}", "Support")
    assert draft.queues == ("Support",)
    assert draft.products == (Product("P-9000", "B"),)
    assert draft.tags == ("priority:High", "severity:Severe", "type:Question", "urgent")
    assert draft.customer == Object("organization", f"{ROOT}/site/{site}", "Example Works")
    assert (
        draft.title == "Ann Sample dispatched case 1234 to queue Support: Printer on fire #urgent"
    )
    assert draft.content == "from WIP default to Queue Support"
    assert draft.occurred is not None
    assert draft.occurred.isoformat() == "2026-03-02T09:00:00+00:00"
    assert draft.code == "900"
    assert draft.code_name is None  # it is not in this site's list


SENTENCES = {
    100: ("accept", "accepted case 1234 from queue Support", "from Queue Support to WIP default"),
    200: ("close", "closed case 1234", ""),
    300: ("change-status", "changed the status of case 1234", "from Status A to Status B"),
    400: ("commit", "made a commitment on case 1234", ""),
    500: ("phone", "logged a phone call on case 1234", ""),
    600: ("create", "created case 1234", ""),
    900: ("dispatch", "dispatched case 1234 to queue Support", "to Queue Support"),
    1100: ("forward", "forwarded case 1234 to queue B", "from Queue A to Queue B"),
    1400: ("link", "linked case 1234", ""),
    1600: ("commit", "changed a commitment on case 1234", ""),
    1700: ("log", "logged a note on case 1234", ""),
    1800: ("log", "logged time and expenses on case 1234", ""),
    2400: ("reopen", "reopened case 1234", "with Status Open"),
    2500: ("research", "logged research on case 1234", ""),
    2600: ("reject", "rejected case 1234 to queue Support", "from WIP x to Queue Support"),
    3000: ("update", "created subcase 1234-1 of case 1234", "Subcase 1234-1 Ask"),
    3100: ("update", "closed subcase 1234-1 of case 1234", "Subcase 1234-1"),
    3400: ("email-out", "sent e-mail on case 1234", ""),
    3500: ("email-in", "received e-mail on case 1234", ""),
    4000: ("unlink", "unlinked case 1234 from a solution", ""),
    4100: ("yank", "yanked case 1234 from queue Support", "from Queue Support to WIP default"),
    4200: ("update", "reopened subcase 1234-1 of case 1234", "Subcase 1234-1"),
    7200: ("update", "created administrative subcase 1234-1 of case 1234", "Subcase 1234-1"),
    8700: ("update", "edited a time and expense log of case 1234", ""),
    8900: ("attach", "attached a file to case 1234", ""),
    9100: ("detach", "removed a file from case 1234", ""),
    9200: ("update", "responded first on case 1234", ""),
    9800: ("update", "changed the contact of case 1234", ""),
    10500: ("assign", "assigned case 1234 to Ann Sample", "1234 to ann WIP default"),
    10600: ("update", "deleted a time and expense log of case 1234", ""),
    92020: ("close", "closed case 1234", ""),
    92021: ("reopen", "reopened case 1234", ""),
}


def test_every_code_has_its_sentence_here() -> None:
    assert set(SENTENCES) == set(CODES)


@pytest.mark.parametrize("code", SENTENCES)
def test_each_code_has_a_verb_and_a_sentence(
    code: int, crm: Clarify, only_draft: OnlyDraft
) -> None:
    verb, sentence, info = SENTENCES[code]
    crm.entry(code, info, act_entry2case=crm.case(), act_entry2user=crm.user())

    draft = only_draft()

    assert draft.verb == verb
    assert draft.title == f"Ann Sample {sentence}: Printer on fire"
    assert draft.code == str(code)


@pytest.mark.parametrize(
    ("code", "verb", "sentence"),
    [
        (3000, "create", "created subcase 1234-1"),
        (3100, "close", "closed subcase 1234-1"),
        (4200, "reopen", "reopened subcase 1234-1"),
        (7200, "create", "created subcase 1234-1"),
    ],
)
def test_a_subcase_is_created_itself(
    code: int, verb: str, sentence: str, crm: Clarify, only_draft: OnlyDraft
) -> None:
    subcase = crm.add("table_subcase", id_number="1234-1", title="Ask", subcase2case=crm.case())
    crm.entry(code, "Subcase 1234-1 Ask", act_entry2subcase=subcase, act_entry2user=crm.user())

    draft = only_draft()

    assert (draft.verb, draft.title) == (verb, f"Ann Sample {sentence}: Ask")
    assert object_of(draft).number == "1234-1"


def test_a_case_is_never_created_by_a_subcase_whatever_the_text_says(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(3000, "Unterfall angelegt", act_entry2case=crm.case(), act_entry2user=crm.user())

    draft = only_draft()

    assert draft.verb == "update"
    assert draft.title == "Ann Sample created subcase of case 1234: Printer on fire"


def test_the_customer_of_a_subcase_is_its_cases(crm: Clarify, only_draft: OnlyDraft) -> None:
    case = crm.case(case_reporter2site=crm.add("table_site", name="Example Works"))
    subcase = crm.add("table_subcase", id_number="1234-1", subcase2case=case)
    crm.entry(600, act_entry2subcase=subcase, act_entry2user=crm.user())

    customer = only_draft().customer

    assert customer is not None
    assert customer.name == "Example Works"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_object_has_its_word_number_and_title(
    kind: Any, crm: Clarify, only_draft: OnlyDraft
) -> None:
    objid = crm.add(kind.table, **{kind.number: "N-1", kind.title: "A title"})
    crm.entry(600, act_entry2user=crm.user(), **{kind.relation: objid})

    draft = only_draft()

    assert draft.object == Object(kind.word, f"{ROOT}/{kind.name}/{objid}", "A title", "N-1")
    assert "N-1: A title" in draft.title


def test_who_opened_it_for_whom_is_in_the_sentence(crm: Clarify, only_draft: OnlyDraft) -> None:
    site = crm.add("table_site", name="Example Works")
    case = crm.case(case_reporter2contact=crm.contact(), case_reporter2site=site)
    crm.entry(600, act_entry2case=case, act_entry2user=crm.user())

    assert only_draft().title == (
        "Ann Sample created case 1234 for Carl Caller at Example Works: Printer on fire"
    )


def test_the_contact_is_the_actor_where_the_customer_did_it(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    contact = crm.contact()
    case = crm.case(case_reporter2contact=contact)
    crm.entry(600, act_entry2case=case, act_entry2contact=contact, act_entry2user=crm.user())

    draft = only_draft()

    assert draft.actor == Object("person", f"{ROOT}/contact/{contact}", "Carl Caller")
    assert draft.title == "Carl Caller created case 1234: Printer on fire"


def test_a_user_without_an_employee_is_called_by_the_login(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(1700, act_entry2case=crm.case(), act_entry2user=crm.user("rulemgr", None))

    actor = only_draft().actor

    assert (actor.name, actor.login) == ("rulemgr", "rulemgr")


def test_an_entry_without_a_user_was_the_system_and_that_is_said(
    crm: Clarify, poll: DoPoll
) -> None:
    objid = crm.entry(200, act_entry2case=crm.case())

    answer = poll()

    assert answer.drafts[0].actor == Object("service", f"{ROOT}/system", "System")
    assert answer.drafts[0].title == "System closed case 1234: Printer on fire"
    assert [(odd.key, odd.text) for odd in answer.problems] == [
        (f"act_entry {objid}", "it has no user")
    ]


def test_an_entry_without_an_object_is_about_the_crm_and_that_is_said(
    crm: Clarify, poll: DoPoll
) -> None:
    crm.entry(1700, act_entry2user=crm.user())

    answer = poll()

    assert answer.drafts[0].object == Object("service", ROOT, "crm")
    assert answer.drafts[0].title == "Ann Sample logged a note on crm"
    assert [odd.text for odd in answer.problems] == ["it belongs to no object"]


def test_a_missing_case_keeps_its_id_and_that_is_said(crm: Clarify, poll: DoPoll) -> None:
    crm.entry(900, "to Queue Support", act_entry2case=77, act_entry2user=crm.user())

    answer = poll(links={"case": "https://crm.example/{id}"})

    draft = answer.drafts[0]
    assert draft.object == Object("case", f"{ROOT}/case/77")
    assert draft.title == "Ann Sample dispatched a case that is not there to queue Support"
    assert draft.queues == ("Support",)
    assert [odd.text for odd in answer.problems] == ["table_case has no objid 77"]


def test_missing_people_keep_their_ids_and_that_is_said(crm: Clarify, poll: DoPoll) -> None:
    crm.entry(200, act_entry2case=crm.case(), act_entry2user=88)
    crm.entry(200, act_entry2case=FIRST_OBJID, act_entry2contact=99, act_entry2user=88)

    answer = poll()

    assert [draft.actor for draft in answer.drafts] == [
        Object("person", f"{ROOT}/user/88", "user 88"),
        Object("person", f"{ROOT}/contact/99", "contact 99"),
    ]
    assert [odd.text for odd in answer.problems] == [
        "table_user has no objid 88",
        "table_user has no objid 88",
        "table_contact has no objid 99",
    ]


def test_an_unknown_code_that_the_crm_names_is_told_by_that_name(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.add("table_gbst_elm", title="ESN Received", rank=2000, gbst_elm2gbst_lst=FIRST_OBJID)
    crm.entry(2000, act_entry2case=crm.case(), act_entry2user=crm.user())

    draft = only_draft()

    assert (draft.verb, draft.code, draft.code_name) == ("update", "2000", "ESN Received")
    assert draft.title == "Ann Sample updated case 1234 (ESN Received): Printer on fire"


@pytest.mark.parametrize("code", [99123, 0, -1, None, "ESN"])
def test_a_code_that_nobody_knows_is_an_update_and_that_is_said(
    code: Any, crm: Clarify, poll: DoPoll
) -> None:
    # An element without a rank is the name of no code, not even of none.
    crm.add("table_gbst_elm", title="Nameless", gbst_elm2gbst_lst=FIRST_OBJID)
    crm.entry(code, act_entry2case=crm.case(), act_entry2user=crm.user())

    answer = poll()

    known = code if isinstance(code, int) else None
    assert answer.drafts[0].verb == "update"
    assert (
        answer.drafts[0].title
        == f"Ann Sample updated case 1234 (activity {known}): Printer on fire"
    )
    assert [odd.text for odd in answer.problems] == [
        f"act_code {known} is unknown and not in the list Activity Name"
    ]


def test_the_name_of_a_code_is_kept_beside_it(crm: Clarify, only_draft: OnlyDraft) -> None:
    crm.entry(1700, act_entry2case=crm.case(), act_entry2user=crm.user())

    assert only_draft().code_name == "Log Note"


def test_a_case_and_a_person_are_told_as_they_are_now(
    crm: Clarify, open_source: MakeSource
) -> None:
    case, user = crm.case(title="Printer on fire"), crm.user("ann")
    crm.entry(600, act_entry2case=case, act_entry2user=user)
    source = open_source()
    (before,) = source.poll(None, lambda _: set()).drafts

    crm.execute("UPDATE table_case SET title = 'Printer put out'")
    crm.execute("UPDATE table_user SET login_name = 'anna'")
    (after,) = source.poll(None, lambda _: set()).drafts

    assert [object_of(draft).name for draft in (before, after)] == [
        "Printer on fire",
        "Printer put out",
    ]
    assert [draft.actor.login for draft in (before, after)] == ["ann", "anna"]


def test_a_null_date_is_no_date_and_that_is_said(crm: Clarify, poll: DoPoll) -> None:
    crm.entry(
        200, None, "1753-01-01 00:00:00", act_entry2case=crm.case(), act_entry2user=crm.user()
    )

    answer = poll()

    assert answer.drafts[0].occurred is None
    assert [odd.text for odd in answer.problems] == ["entry_time is the null date"]


def test_an_hour_that_the_zone_had_twice_is_recorded_and_that_is_said(
    crm: Clarify, poll: DoPoll
) -> None:
    user, case = crm.user(), crm.case()
    crm.entry(200, None, "2025-10-26 02:30:00", act_entry2case=case, act_entry2user=user)

    answer = poll()

    assert str(answer.drafts[0].occurred) == "2025-10-26 00:30:00+00:00"
    assert "that the zone had twice" in answer.problems[0].text


@pytest.mark.parametrize("odd", ["a\x0bb", "\x01", "\x00", "\ud7ff\uffff"])
def test_control_characters_are_recorded_as_well_as_can_be_and_that_is_said(
    odd: str, crm: Clarify, poll: DoPoll
) -> None:
    user = crm.user()
    crm.entry(900, f"{odd} to Queue Support", act_entry2case=crm.case(), act_entry2user=user)
    crm.entry(200, act_entry2case=crm.case("1235", f"A {odd}"), act_entry2user=user)

    answer = poll()

    assert [draft.queues for draft in answer.drafts] == [("Support",), ()]
    assert [problem.text for problem in answer.problems] == [
        "its text holds characters that no feed can carry"
    ] * 2


def test_a_dispatch_that_names_no_queue_is_said(crm: Clarify, poll: DoPoll) -> None:
    crm.entry(900, "somewhere", act_entry2case=crm.case(), act_entry2user=crm.user())

    answer = poll()

    assert (answer.drafts[0].queues, answer.drafts[0].target) == ((), None)
    assert [odd.text for odd in answer.problems] == ["its text names no queue: 'somewhere'"]


def test_a_queue_that_is_not_in_the_list_is_a_target_without_id(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(900, "to Queue Gone", act_entry2case=crm.case(), act_entry2user=crm.user())

    assert only_draft().target == Object("queue", None, "Gone")


def test_who_it_was_assigned_to_is_the_target(crm: Clarify, only_draft: OnlyDraft) -> None:
    bob = crm.user("bob", "Bob", "Builder")
    crm.entry(
        10500, "1234 to bob WIP default", act_entry2case=crm.case(), act_entry2user=crm.user()
    )

    draft = only_draft()

    assert draft.target == Object("person", f"{ROOT}/user/{bob}", "Bob Builder", login="bob")
    assert "assigned case 1234 to Bob Builder" in draft.title


def test_an_assignment_to_nobody_that_is_known_has_no_target(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(10500, "1 to eve WIP default", act_entry2case=crm.case(), act_entry2user=crm.user())

    draft = only_draft()

    assert draft.target is None
    assert draft.title == "Ann Sample assigned case 1234: Printer on fire"


def test_a_case_is_linked_to_the_solution_that_the_entry_names(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    solution = crm.add("table_probdesc", id_number="S-5", title="Water it")
    crm.entry(
        1400,
        "Solution S-5",
        act_entry2case=crm.case(),
        act_entry2probdesc=solution,
        act_entry2user=crm.user(),
    )

    draft = only_draft(links={"solution": "https://crm.example/s/{id}"})

    assert object_of(draft).type == "case"
    assert draft.target == Object(
        "solution", f"{ROOT}/probdesc/{solution}", "Water it", "S-5", "https://crm.example/s/S-5"
    )
    assert draft.title == "Ann Sample linked case 1234 to solution S-5: Printer on fire"


@pytest.mark.parametrize(
    ("focus_type", "word"), [(0, "case"), (1, "solution"), (5208, "service"), (None, "service")]
)
def test_the_focus_tells_the_object_where_no_relation_does(
    focus_type: int | None, word: str, crm: Clarify, poll: DoPoll
) -> None:
    crm.case()
    crm.add("table_probdesc", id_number="S-5")
    crm.entry(1700, focus_type=focus_type, focus_lowid=FIRST_OBJID, act_entry2user=crm.user())

    assert object_of(poll().drafts[0]).type == word


def test_a_relation_counts_before_the_focus(crm: Clarify, only_draft: OnlyDraft) -> None:
    task = crm.add("table_task", task_id="T-1")
    crm.entry(1700, act_entry2task=task, focus_type=0, focus_lowid=5, act_entry2user=crm.user())

    assert object_of(only_draft()).number == "T-1"


def test_the_status_that_it_was_changed_to_is_in_the_sentence(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    entry = crm.entry(300, "x", act_entry2case=crm.case(), act_entry2user=crm.user())
    crm.add(
        "table_status_chg",
        status_chg2act_entry=entry,
        notes="Since noon",
        c_status_chg2gbst_elm=crm.element("Open", "Waiting"),
    )

    draft = only_draft()

    assert draft.title == ("Ann Sample changed the status of case 1234 to Waiting: Printer on fire")
    assert draft.content == "x<br>\nSince noon"


def test_the_product_of_a_case_may_be_that_of_its_installed_part(
    crm: Clarify, only_draft: OnlyDraft
) -> None:
    part = crm.add("table_site_part", site_part2part_info=crm.product("P-1", None))
    crm.entry(600, act_entry2case=crm.case(case_prod2site_part=part), act_entry2user=crm.user())

    assert only_draft().products == (Product("P-1"),)


@pytest.mark.parametrize(
    ("relation", "table", "column"),
    [
        ("act_entry2bug", "table_bug", "bug_product2part_info"),
        ("act_entry2demand_dtl", "table_demand_dtl", "demand_dtl2part_info"),
    ],
)
def test_other_objects_have_products_too(
    relation: str, table: str, column: str, crm: Clarify, only_draft: OnlyDraft
) -> None:
    objid = crm.add(table, **{column: crm.product("P-1", "A")})
    crm.entry(600, act_entry2user=crm.user(), **{relation: objid})

    assert only_draft().products == (Product("P-1", "A"),)


def test_the_customer_of_a_part_request_is_its_headers(crm: Clarify, only_draft: OnlyDraft) -> None:
    site = crm.add("table_site", name="Example Works")
    header = crm.add("table_demand_hdr", open_reqst2site=site)
    line = crm.add("table_demand_dtl", detail_number="D-1", demand_dtl2demand_hdr=header)
    crm.entry(600, act_entry2demand_dtl=line, act_entry2user=crm.user())

    customer = only_draft().customer

    assert customer is not None
    assert customer.name == "Example Works"


class TestInternalText:
    """What is not for customers is in no field of any activity."""

    @pytest.mark.parametrize(
        ("code", "relation", "table", "column"),
        [
            (1700, "act_entry2notes_log", "table_notes_log", "description"),
            (500, "act_entry2phone_log", "table_phone_log", "notes"),
            (2500, "act_entry2resrch_log", "table_resrch_log", "notes"),
        ],
    )
    def test_a_mixed_log_stays_without_its_internal_part(
        self,
        code: int,
        relation: str,
        table: str,
        column: str,
        crm: Clarify,
        only_draft: OnlyDraft,
    ) -> None:
        log = crm.add(table, internal=SECRET, x_is_internal=0, **{column: "Told them #soon"})
        crm.entry(
            code,
            SECRET,  # CRMs repeat the beginning of a note here
            act_entry2case=crm.case(),
            act_entry2user=crm.user(),
            **{relation: log},
        )

        draft = only_draft()

        assert draft.content == "Told them #soon"
        assert draft.tags == ("soon",)
        assert "INTERNAL" not in repr(draft)

    @pytest.mark.parametrize("flag", [1, "1", "Y", -1])
    @pytest.mark.parametrize("code", [1700, 3000, 7200, 99123])
    def test_a_wholly_internal_note_stays_without_its_text(
        self, code: int, flag: Any, crm: Clarify, poll: DoPoll
    ) -> None:
        note = crm.note(SECRET, SECRET, flag)
        crm.entry(
            code,
            SECRET,
            act_entry2case=crm.case(),
            act_entry2user=crm.user(),
            act_entry2notes_log=note,
        )

        answer = poll()

        assert answer.drafts[0].content is None
        assert answer.drafts[0].tags == ()
        assert "case 1234" in answer.drafts[0].title
        assert "INTERNAL" not in repr(answer)

    def test_expenses_have_no_text(self, crm: Clarify, only_draft: OnlyDraft) -> None:
        log = crm.add("table_onsite_log", notes=SECRET, internal=SECRET)
        crm.entry(
            1800,
            SECRET,
            act_entry2case=crm.case(),
            act_entry2user=crm.user(),
            act_entry2onsite_log=log,
        )

        assert only_draft().content is None

    def test_a_log_that_is_missing_does_not_bring_back_the_text_that_repeats_it(
        self, crm: Clarify, only_draft: OnlyDraft
    ) -> None:
        crm.entry(
            1700,
            SECRET,
            act_entry2case=crm.case(),
            act_entry2user=crm.user(),
            act_entry2notes_log=77,
        )

        assert only_draft().content is None


@pytest.mark.parametrize(
    ("relation", "table", "column"),
    [
        ("act_entry2email_log", "table_email_log", "message"),
        ("act_entry2reject_msg", "table_reject_msg", "description"),
    ],
)
def test_the_text_may_stand_in_another_table(
    relation: str, table: str, column: str, crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(
        3500,
        act_entry2case=crm.case(),
        act_entry2user=crm.user(),
        **{relation: crm.add(table, **{column: "Hello"})},
    )

    assert only_draft().content == "Hello"


def test_the_summary_of_a_close_is_its_text(crm: Clarify, only_draft: OnlyDraft) -> None:
    entry = crm.entry(200, act_entry2case=crm.case(), act_entry2user=crm.user())
    crm.add("table_close_case", close_case2act_entry=entry, summary="It was the fuser")

    assert only_draft().content == "It was the fuser"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('a <b>bold</b> & "plain" it\'s', 'a &lt;b&gt;bold&lt;/b&gt; &amp; "plain" it\'s'),
        ("&lt;already&gt; &amp;", "&amp;lt;already&amp;gt; &amp;amp;"),
        ("]]> <script>alert(1)</script>", "]]&gt; &lt;script&gt;alert(1)&lt;/script&gt;"),
        ("one\ntwo", "one<br>\ntwo"),
        ("one\r\ntwo\rthree", "one<br>\ntwo<br>\nthree"),
        ("  \n text \n ", "text"),
        ("   ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_plain_text_is_escaped_once(
    text: str | None, content: str | None, crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(200, text, act_entry2case=crm.case(), act_entry2user=crm.user())

    assert only_draft().content == content


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#vip", ("vip",)),
        ("see #vip, #follow-up and (#done).", ("vip", "follow-up", "done")),
        ("#Größe #日本", ("Größe", "日本")),
        ("#vip\n#VIP #Vip", ("vip",)),
        ("line\n#next", ("next",)),
        ("#123 #1st #a1", ("1st", "a1")),
        ("a#b http://x/#frag ##x # y #", ()),
        ('"#quoted"', ("quoted",)),
        ("#priority", ("priority",)),
    ],
)
def test_words_after_a_hash_are_tags(
    text: str, tags: tuple[str, ...], crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(200, text, act_entry2case=crm.case(), act_entry2user=crm.user())

    assert only_draft().tags == tags


@pytest.mark.parametrize(
    ("number", "template", "url"),
    [
        ("1234", "https://crm/c/{id}", "https://crm/c/1234"),
        (
            "A/B?c#d&e=%41 ü",
            "https://crm/c/{id}",
            "https://crm/c/A%2FB%3Fc%23d%26e%3D%2541%20%C3%BC",
        ),
        ("{objid}", "https://crm/{id}/{objid}", f"https://crm/%7Bobjid%7D/{FIRST_OBJID}"),
        ("1234", "https://crm/{objid}", f"https://crm/{FIRST_OBJID}"),
        ("1234", "https://crm/home", "https://crm/home"),
        (None, "https://crm/{objid}", f"https://crm/{FIRST_OBJID}"),
        (None, "https://crm/c/{id}", None),
        (1234, "https://crm/c/{id}", "https://crm/c/1234"),
    ],
)
def test_a_template_makes_the_link(
    number: Any, template: str, url: str | None, crm: Clarify, only_draft: OnlyDraft
) -> None:
    crm.entry(200, act_entry2case=crm.case(number), act_entry2user=crm.user())

    assert object_of(only_draft(links={"case": template})).url == url


@pytest.mark.parametrize("name", ["change-request", "change_request", "Change Request"])
def test_the_type_of_a_template_may_be_spelt_in_any_way(
    name: str, crm: Clarify, only_draft: OnlyDraft
) -> None:
    bug = crm.add("table_bug", id_number="CHG1")
    crm.entry(600, act_entry2bug=bug, act_entry2user=crm.user())

    assert object_of(only_draft(links={name: "https://crm/{id}"})).url == "https://crm/CHG1"


def test_numbers_where_others_keep_text_are_text(crm: Clarify, only_draft: OnlyDraft) -> None:
    site = crm.add("table_site", name=77)
    crm.queue(42)
    case = crm.case(1234, 5678, case_reporter2site=site, case_prt2part_info=crm.product(9000, 2))
    user = crm.add("table_user", login_name=7)
    crm.entry(900, "to Queue 42", act_entry2case=case, act_entry2user=user)

    draft = only_draft()

    assert draft.title == "7 dispatched case 1234 to queue 42: 5678"
    assert draft.products == (Product("9000", "2"),)
    assert draft.customer is not None
    assert draft.customer.name == "77"
    assert draft.target == Object("queue", f"{ROOT}/queue/{FIRST_OBJID}", "42")
