"""Entries are read set by set: more of them take no more statements, but for the chunks."""

import math
from collections import Counter

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from feedserver.sources.clarify.database import CHUNK, Database
from feedserver.sources.clarify.joining import Joined
from feedserver.sources.clarify.tables import ENTRY
from tests.sources.clarify_builder import FIRST_OBJID, Clarify


@pytest.fixture
def busy_crm(crm: Clarify) -> Clarify:
    """A thousand entries of which no two have anything in common."""
    crm.queue("Support")
    with crm.together():
        for number in range(1000):
            site = crm.add("table_site", name=f"Site {number}")
            case = crm.case(
                str(number),
                case_reporter2site=site,
                case_reporter2contact=crm.contact("Carl", str(number)),
                case_prt2part_info=crm.product(f"P-{number}"),
            )
            entry = crm.entry(
                900,
                "to Queue Support",
                act_entry2case=case,
                act_entry2user=crm.user(f"user{number}"),
                act_entry2notes_log=crm.note(f"Note {number}"),
                act_entry2reject_msg=crm.add("table_reject_msg", description="No"),
            )
            crm.add("table_status_chg", status_chg2act_entry=entry, notes="Changed")
    return crm


def statements_for(crm: Clarify, count: int) -> list[str]:
    """The statements that reading so many entries sends, once the tables are known."""
    database = Database("crm", crm.url)
    assert ENTRY in database.present
    sent: list[str] = []
    event.listen(
        database._engine, "before_execute", lambda _c, statement, *_: sent.append(str(statement))
    )
    joined = Joined(database, range(FIRST_OBJID, FIRST_OBJID + count))
    entries = [joined.entry(key) for key in joined.keys]
    database.close()
    assert len(entries) == count
    assert all(entry.queue == "Support" and len(entry.texts) == 3 for entry in entries)
    return sent


def test_a_thousand_entries_take_the_statements_of_ten_in_chunks(busy_crm: Clarify) -> None:
    few, many = Counter(statements_for(busy_crm, 10)), Counter(statements_for(busy_crm, 1000))

    assert set(many) == set(few)
    assert set(few.values()) == {1}
    assert max(many.values()) == math.ceil(1000 / CHUNK)
    assert len(few) < 30


def test_entries_next_to_each_other_are_read_with_one_statement(busy_crm: Clarify) -> None:
    sent = Counter(statements_for(busy_crm, 1000))

    by_objid = [
        count for text, count in sent.items() if f"FROM {ENTRY} \nWHERE {ENTRY}.objid" in text
    ]
    assert by_objid == [1]
    assert [count for text, count in sent.items() if "FROM table_status_chg" in text] == [1]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_only_the_entries_that_were_asked_for_are_read(busy_crm: Clarify, step: int) -> None:
    keys = [FIRST_OBJID, *range(FIRST_OBJID + 1, FIRST_OBJID + 1000, step)]
    del keys[5]
    database = Database("crm", busy_crm.url)

    joined = Joined(database, keys)

    assert joined.keys == tuple(keys)
    assert [joined.entry(key).texts[0] for key in keys] == [
        f"Note {key - FIRST_OBJID}" for key in keys
    ]
    database.close()


def test_entries_that_share_everything_take_one_statement_for_each_table(crm: Clarify) -> None:
    case, user = crm.case(), crm.user()
    with crm.together():
        for _ in range(CHUNK):
            crm.entry(600, act_entry2case=case, act_entry2user=user)
    database = Database("crm", crm.url)
    assert database.present
    sent: list[sa.ClauseElement] = []
    event.listen(
        database._engine, "before_execute", lambda _c, statement, *_: sent.append(statement)
    )

    Joined(database, range(FIRST_OBJID, FIRST_OBJID + CHUNK))

    database.close()
    assert len({str(statement) for statement in sent}) == len(sent)
