"""One entry, as a business rule names it: by type and key of its object and by its own key."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedserver.errors import InvalidRequest, NotFound, SourceError
from feedserver.model.activity import Activity, Draft
from feedserver.model.vocabulary import type_of
from feedserver.ports import Poll, Problem, Source
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.sources.clarify import make_source
from feedserver.sources.clarify.database import Database
from feedserver.sources.clarify.entries import Entry
from feedserver.sources.clarify.mapping import EntryMapping
from feedserver.sources.clarify.source import ClarifySource
from feedserver.sources.clarify.tables import ENTRY, KINDS, Kind
from feedserver.stores.memory import MemoryLog
from tests.builders import AUTHORITY, FakeClock
from tests.sources.clarify_builder import FIRST_OBJID, Clarify, one_entry_of_everything
from tests.sources.clarify_data import unpacked
from tests.sources.conftest import MakeSource

MakePolling = Callable[[Source], Polling]
SPELLINGS = (str.lower, str.upper, str.title, lambda text: f" {text} ")
CALLED = {
    "case": ("Case", "CASE"),
    "subcase": ("Subcase", "Sub Case", "sub-case", "SUB_CASE"),
    "probdesc": ("probdesc", "Probdesc", "Solution", "solution"),
    "bug": ("bug", "Bug", "Change Request", "change-request", "change_request", "ChangeRequest"),
    "demand_dtl": ("demand_dtl", "Demand_Dtl", "Part Request", "part_request"),
    "contract": ("Contract",),
    "opportunity": ("Opportunity",),
    "task": ("Task", "Action Item", "action_item"),
    "job": ("Job",),
    "site_part": ("site_part", "Site Part", "Installed Part"),
    "site": ("Site", "Organization"),
}


def entry_of(crm: Clarify, kind: Kind) -> tuple[int, int]:
    """The keys of an object of that kind and of an entry of it, which differ."""
    objid = crm.add(kind.table, objid=FIRST_OBJID + 5000)
    return objid, crm.entry(act_entry2user=crm.user(), **{kind.relation: objid})


def refusal(source: Source, *named: object) -> str:
    with pytest.raises(InvalidRequest) as refused:
        source.entry(*named)  # type: ignore[arg-type]
    (fault,) = refused.value.faults
    return fault


def the_draft(poll: Poll) -> Draft:
    (draft,) = poll.drafts
    assert (poll.failed, poll.place, poll.more) == ((), "", False)
    return draft


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_known_however_a_crm_spells_it(
    kind: Kind, crm: Clarify, open_source: MakeSource
) -> None:
    objid, entry = entry_of(crm, kind)
    source = open_source()

    named = (*CALLED[kind.name], kind.name, kind.word, type_of(kind.word).label)
    found = [
        the_draft(source.entry(spell(name), objid, entry)) for name in named for spell in SPELLINGS
    ]

    assert {draft.id for draft in found} == {f"tag:{AUTHORITY}:crm/act_entry/{entry}"}
    assert found[0].object is not None
    assert found[0].object.type == kind.word


@pytest.mark.parametrize("name", ["", "Cases", "table_case", "[Object Type]", "0", "каse"])
def test_a_type_that_is_none_is_refused_with_the_known_ones(
    name: str, crm: Clarify, open_source: MakeSource
) -> None:
    objid, entry = entry_of(crm, KINDS[0])

    fault = refusal(open_source(), name, objid, entry)

    assert fault.startswith(f"object_type {name!r} is no type of object; known: case, subcase,")
    assert all(kind.word in fault for kind in KINDS)


def test_a_long_type_is_not_repeated_whole(crm: Clarify, open_source: MakeSource) -> None:
    assert len(refusal(open_source(), "x" * 10_000, 1, 1)) < 300


@pytest.mark.parametrize("objid", [1, 268436000, 10**18 - 1])
def test_an_entry_that_is_not_there_is_not_found(
    objid: int, crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case()

    with pytest.raises(NotFound) as missing:
        open_source().entry("Case", case, objid)

    assert str(missing.value) == f"crm has no act_entry {objid}."


def test_an_entry_of_another_object_is_refused_with_that_object(
    crm: Clarify, open_source: MakeSource
) -> None:
    case, other = crm.case("1234"), crm.case("1235")
    entry = crm.entry(act_entry2case=case)

    fault = refusal(open_source(), "Case", other, entry)

    assert fault == (
        f"act_entry {entry} belongs to case 1234, objid {case}, not to the case with objid {other}."
    )


def test_an_object_of_another_kind_with_the_same_key_is_another_object(
    crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case("1234")
    entry = crm.entry(act_entry2case=case)

    fault = refusal(open_source(), "Change Request", case, entry)

    assert fault.endswith(f"objid {case}, not to the change request with objid {case}.")


@pytest.mark.parametrize(("number", "given"), [("1234", 1234), ("0001234", 1234)])
def test_a_number_in_place_of_the_key_is_told(
    number: str, given: int, crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case(number)
    entry = crm.entry(act_entry2case=case)

    fault = refusal(open_source(), "Case", given, entry)

    assert fault == (
        f"act_entry {entry} belongs to case {number}, objid {case}, not to the case with objid "
        f"{given}. {given} is its number, [Object ID]; database_id is [Database ID], its objid."
    )


def test_an_entry_of_nothing_belongs_to_no_object(crm: Clarify, open_source: MakeSource) -> None:
    entry = crm.entry()

    assert "belongs to no object, not to" in refusal(open_source(), "Case", 5, entry)


def test_any_of_several_objects_counts_and_gives_the_same_draft(
    crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case("1234")
    subcase = crm.add("table_subcase", objid=FIRST_OBJID + 7, id_number="1234-1", subcase2case=case)
    entry = crm.entry(act_entry2case=case, act_entry2subcase=subcase)
    source = open_source()

    by_case, by_subcase = (
        source.entry("Case", case, entry),
        source.entry("Subcase", subcase, entry),
    )

    assert by_case == by_subcase
    assert refusal(source, "Case", subcase, entry) == (
        f"act_entry {entry} belongs to case 1234, objid {case} and subcase 1234-1, objid {subcase},"
        f" not to the case with objid {subcase}."
    )


@pytest.mark.parametrize(("focus_type", "name"), [(0, "Case"), (1, "Solution")])
def test_the_focus_of_an_entry_without_a_relation_is_its_object(
    focus_type: int, name: str, crm: Clarify, open_source: MakeSource
) -> None:
    table = "table_case" if focus_type == 0 else "table_probdesc"
    objid = crm.add(table, id_number="77")
    entry = crm.entry(focus_type=focus_type, focus_lowid=objid)

    assert the_draft(open_source().entry(name, objid, entry)).object is not None


def test_an_object_that_is_gone_still_has_its_entries(
    crm: Clarify, open_source: MakeSource
) -> None:
    entry = crm.entry(act_entry2case=4711)

    poll = open_source().entry("Case", 4711, entry)

    assert f"act_entry {entry}" in {problem.key for problem in poll.problems}
    assert "4711" in refusal(open_source(), "Case", 4712, entry)


def test_it_is_the_draft_that_the_tail_would_bring(crm: Clarify, open_source: MakeSource) -> None:
    one_entry_of_everything(crm)
    polled = open_source().poll(None, lambda ids: set())
    rows = crm.execute(f"SELECT objid, {', '.join(kind.relation for kind in KINDS)} FROM {ENTRY}")
    compared = 0
    for draft in polled.drafts:
        (row,) = (row for row in rows if draft.id.endswith(f"/{row[0]}"))
        for kind, objid in zip(KINDS, row[1:], strict=True):
            if objid is not None:
                assert the_draft(open_source().entry(kind.name, objid, row[0])) == draft
                compared += 1
    assert compared > len(KINDS)


def test_where_the_object_stood_is_that_of_the_entry_and_not_of_now(
    crm: Clarify, open_source: MakeSource
) -> None:
    case = crm.case()
    for queue in ("Support", "Billing"):
        crm.queue(queue)
    first = crm.entry(900, "from WIP default to Queue Support", act_entry2case=case)
    second = crm.entry(900, "from Queue Support to Queue Billing", act_entry2case=case)
    source = open_source()

    queues = [the_draft(source.entry("Case", case, entry)).queues for entry in (first, second)]

    assert queues == [("Support",), ("Billing",)]


def test_looking_one_up_changes_nothing_for_the_polls(
    crm: Clarify, open_source: MakeSource, make_polling: MakePolling, log: MemoryLog
) -> None:
    case, user = crm.case(), crm.user()
    entries = [crm.entry(act_entry2case=case, act_entry2user=user) for _ in range(3)]
    source = open_source()
    source.entry("Case", case, entries[1])
    polling = make_polling(source)

    polling.step()

    assert polling.state.recorded == 3


class BrittleMapping(EntryMapping):
    """A mapping that makes no draft as long as it `is_broken`."""

    is_broken = True

    def draft(self, entry: Entry) -> tuple[Draft, list[Problem]]:
        if self.is_broken:
            raise ZeroDivisionError("of all things")
        return super().draft(entry)


def test_one_that_becomes_no_draft_is_told_and_still_brought_by_the_tail(
    crm: Clarify, clock: FakeClock, make_polling: MakePolling, log: MemoryLog
) -> None:
    case = crm.case()
    mapping = BrittleMapping(AUTHORITY, "crm", ZoneInfo("UTC"), {})
    source = ClarifySource("crm", Database("crm", crm.url), mapping, "all", "UTC", clock)
    polling = make_polling(source)
    polling.step()
    entry = crm.entry(act_entry2case=case)

    poll = source.entry("Case", case, entry)
    mapping.is_broken = False
    polling.step()

    assert poll.drafts == ()
    assert poll.failed == (Problem(f"act_entry {entry}", "ZeroDivisionError('of all things')"),)
    assert log.head() == 1
    source.close()


def test_a_crm_that_cannot_be_read_is_told(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "broken").write_bytes(b"no database, whatever its name says")
    settings = {"url": f"sqlite:///{tmp_path}/broken", "timezone": "UTC", "start": "now"}
    source = make_source("crm", settings, AUTHORITY, clock)

    with pytest.raises(SourceError, match="source crm: "):
        source.entry("Case", 1, 1)

    source.close()


@pytest.mark.parametrize("name", ["sample", "open"])
def test_real_entries_are_published_as_the_tail_records_them(
    name: str, tmp_path: Path, clock: FakeClock
) -> None:
    path = unpacked(name, tmp_path)
    settings = {"url": f"sqlite:///{path}", "timezone": "Europe/Berlin", "start": "all"}
    source = make_source("crm", settings, AUTHORITY, clock)
    log = MemoryLog(AUTHORITY, clock)
    polling = Polling(source, log, Intake(log), clock)
    while polling.step():
        pass
    relations = ("act_entry2case", "act_entry2subcase", "act_entry2probdesc")
    connection = sqlite3.connect(path)
    rows = connection.execute(f"SELECT objid, {', '.join(relations)} FROM {ENTRY}").fetchall()
    connection.close()

    published = MemoryLog(AUTHORITY, clock)
    compared = 0
    for entry, *objids in rows[:: len(rows) // 60]:
        for kind, objid in zip(("Case", "Sub Case", "Solution"), objids, strict=True):
            if objid is not None:
                Intake(published).record([the_draft(source.entry(kind, objid, entry))])
                id = f"tag:{AUTHORITY}:crm/act_entry/{entry}"
                first, second = log.find(id), published.find(id)
                assert isinstance(first, Activity)
                assert isinstance(second, Activity)
                assert first.draft == second.draft
                compared += 1
    assert compared >= 50
    source.close()
