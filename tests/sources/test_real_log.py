"""A real service desk's log through the whole pipeline: exactly what must come out does."""

import html
import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feedserver.clock import system_clock
from feedserver.model.activity import Activity
from feedserver.model.filter import make_filter
from feedserver.model.text import clean
from feedserver.ports import Log
from feedserver.services.indexing import FacetIndex
from feedserver.services.intake import Intake
from feedserver.services.polling import Polling
from feedserver.sources.clarify import make_source
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, activities, object_of
from tests.sources.clarify_data import OUT_OF_ORDER, expected, unpacked

INTERNAL = "INTERNAL: "
MORE = len(OUT_OF_ORDER)


@dataclass(frozen=True)
class Pulled:
    """A database that was pulled into a store, what must come out of it, and what was said."""

    database: Path
    store: Path
    log: Log
    index: FacetIndex
    expected: dict[str, Any]
    said: list[str]

    def counts(self, field: str) -> Counter[str]:
        return Counter({name.value: name.count for name in self.index.names(field)})

    def activities(self) -> list[Activity]:
        return activities(self.log.read(0))

    def by_objid(self) -> dict[int, Activity]:
        return {objid(activity): activity for activity in self.activities()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.database)
        found = connection.execute(query).fetchall()
        connection.close()
        return found


def objid(activity: Activity) -> int:
    return int(activity.id.removeprefix(f"tag:{AUTHORITY}:crm/act_entry/"))


def pull(database: Path, log: Log) -> Polling:
    settings = {
        "url": f"sqlite:///{database}",
        "timezone": "Europe/Berlin",
        "start": "all",
        "links": {"case": "https://crm.example/cases/{id}"},
    }
    source = make_source("crm", settings, AUTHORITY, system_clock)
    polling = Polling(source, log, Intake(log), system_clock)
    while polling.step():
        pass
    source.close()
    return polling


@pytest.fixture(scope="module", params=["sample", "open"])
def pulled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pulled]:
    folder = tmp_path_factory.mktemp(request.param)
    database = unpacked(request.param, folder)
    log = open_log("sqlite:///store.db", folder, AUTHORITY, system_clock)
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("feedserver.services.polling")
    logger.addHandler(handler)
    pull(database, log)
    logger.removeHandler(handler)
    index = FacetIndex(log)
    index.catch_up()
    yield Pulled(database, folder / "store.db", log, index, expected(request.param), said)
    log.close()


def test_every_entry_becomes_one_activity_in_the_order_of_objids(pulled: Pulled) -> None:
    recorded = [objid(activity) for activity in pulled.activities()]

    rows = pulled.rows("SELECT objid FROM table_act_entry ORDER BY objid")
    assert recorded == [row[0] for row in rows]
    assert len(recorded) == pulled.expected["activities_total"]
    assert recorded[0] == pulled.expected["first_objid"]
    assert recorded[-1] == pulled.expected["last_objid"]


def test_each_code_comes_as_often_as_it_must(pulled: Pulled) -> None:
    codes = Counter(activity.draft.code for activity in pulled.activities())

    assert codes == {code: told["count"] for code, told in pulled.expected["per_act_code"].items()}
    named = {(activity.draft.code, activity.draft.code_name) for activity in pulled.activities()}
    assert named == {(code, told["name"]) for code, told in pulled.expected["per_act_code"].items()}


def test_the_counts_per_queue_are_those_of_the_rule(pulled: Pulled) -> None:
    queues = pulled.counts("queue")

    assert top(queues, 20) == pulled.expected["queues_top20"]
    assert queues.total() == len(pulled.activities()) - pulled.expected["without_queue"]


def test_the_queue_of_every_single_entry_is_that_of_the_rule(pulled: Pulled) -> None:
    # The rule as the file words it, read once more from the database itself.
    cases = {row[0] for row in pulled.rows("SELECT objid FROM table_case")}
    places: dict[int, str] = {}
    wanted = {}
    for entry, code, case, info in pulled.rows(
        "SELECT objid, act_code, act_entry2case, addnl_info FROM table_act_entry ORDER BY objid"
    ):
        if case in cases and code in (900, 2600):
            places[case] = info.rpartition("to Queue ")[2]
        elif case in cases and code == 100:
            places[case] = re.sub(r"^from Queue (.+) to WIP .*$", r"\1", info)
        wanted[entry] = (places[case],) if case in places else ()

    assert {objid: a.draft.queues for objid, a in pulled.by_objid().items()} == wanted


def test_the_counts_per_product_are_exact(pulled: Pulled) -> None:
    products = pulled.counts("product")

    assert top(products, 20) == pulled.expected["products_top20"]
    assert products.total() == len(pulled.activities()) - pulled.expected["without_product"]


def test_the_counts_per_default_tag_are_exact(pulled: Pulled) -> None:
    wanted = {
        tag: count
        for tag, count in pulled.expected["tags_top40"]
        if not tag.startswith("activity:")
    }

    assert pulled.counts("tag") == wanted


def top(counts: Counter[str], count: int) -> list[list[object]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [[name, number] for name, number in ordered[:count]]


def test_the_combinations_have_their_counts_and_newest_entries(pulled: Pulled) -> None:
    compared = 0
    for combination in pulled.expected["combinations"]:
        for label, wanted in combination["feeds"].items():
            fields = label.split("+")
            if "tag" in fields and combination["tag"].startswith("activity:"):
                continue
            filter = make_filter([(field, False, combination[field]) for field in fields])
            selection = pulled.index.newest(filter, 20 + MORE)
            newest = [
                objid(activity) for activity in activities(pulled.log.at(selection.positions))
            ]
            in_order = without(OUT_OF_ORDER, wanted["newest_20_act_entry_objids"])

            assert selection.total == wanted["count"], (combination, label)
            assert without(OUT_OF_ORDER, newest)[: len(in_order)] == in_order
            compared += 1
    assert compared >= 20


def test_the_newest_of_all_are_exact(pulled: Pulled) -> None:
    newest = activities(pulled.log.at(pulled.index.newest(make_filter([]), 20).positions))

    assert [objid(activity) for activity in newest] == pulled.expected["newest_20_of_all"]


def without(left_out: frozenset[int], objids: list[int]) -> list[int]:
    return [objid for objid in objids if objid not in left_out]


def test_no_internal_text_is_anywhere(pulled: Pulled) -> None:
    assert pulled.expected["internal"]["entries"] > 0

    assert [a.id for a in pulled.activities() if INTERNAL in repr(a)] == []
    for path in pulled.store.parent.glob("store.db*"):
        assert INTERNAL.encode() not in path.read_bytes()
    assert INTERNAL not in "".join(pulled.said)


def test_an_internal_note_is_recorded_without_its_internal_part(pulled: Pulled) -> None:
    activities = pulled.by_objid()
    whole = mixed = 0
    for entry, public, is_internal in pulled.rows(
        "SELECT a.objid, n.description, n.x_is_internal FROM table_act_entry a "
        "JOIN table_notes_log n ON n.objid = a.act_entry2notes_log "
        "WHERE n.x_is_internal = 1 OR n.internal <> ''"
    ):
        content = activities[entry].draft.content
        if is_internal:
            whole += 1
            assert content is None
        else:
            mixed += 1
            assert html.unescape(str(content).replace("<br>", "")) == public

    assert whole == pulled.expected["internal"]["whole_note_internal"]
    assert mixed == pulled.expected["internal"]["internal_part_only"]


def test_the_odd_rows_are_recorded_as_well_as_can_be(pulled: Pulled) -> None:
    rows, activities = pulled.expected["edge_rows"], pulled.by_objid()
    odd_text = activities[rows["odd_characters"]].draft.content
    titled = activities[rows["odd_title_case"]].draft
    same = [activities[entry] for entry in rows["same_second"]]

    assert activities[rows["unknown_code"]].draft.verb == "update"
    assert odd_text is not None
    assert odd_text == clean(odd_text)
    assert "Tom &amp; Jerry &lt;b&gt;" in odd_text
    assert "日本 🔧; vt[\ufffd] soh[\ufffd] done" in odd_text
    assert activities[rows["null_date"]].draft.occurred is None
    assert object_of(activities[rows["case_missing"]].draft).type == "case"
    assert activities[rows["no_user"]].draft.actor.name == "System"
    assert object_of(activities[rows["no_object"]].draft).type == "service"
    assert same[0].draft.occurred == same[1].draft.occurred
    assert same[0].dates.updated < same[1].dates.updated
    assert object_of(titled).name == 'Printer <B&W> says "5 > 3" ]]> it\'s café 日本'
    assert object_of(titled).url == "https://crm.example/cases/EDGE-1"


def test_the_odd_rows_are_reported_and_no_others(pulled: Pulled) -> None:
    rows = pulled.expected["edge_rows"]
    names = ("unknown_code", "odd_characters", "null_date", "case_missing", "no_user", "no_object")
    reported = {int(re.sub(r".*act_entry (\d+).*", r"\1", line)) for line in pulled.said}

    assert reported == {rows[name] for name in names}


def test_a_second_pull_finds_nothing_new(pulled: Pulled) -> None:
    head = pulled.log.head()

    polling = pull(pulled.database, pulled.log)

    assert pulled.log.head() == head
    assert polling.state.recorded == 0
