"""The demo CRM: what its history is like, and how it goes on."""

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from feedserver.crm.demo import DemoCrm
from feedserver.crm.demo.cast import Activity
from feedserver.crm.demo.course import Course
from feedserver.crm.demo.directory import read_directory
from feedserver.crm.demo.recall import read_world
from feedserver.crm.demo.rows import Objids, Rows
from feedserver.crm.demo.schema import FIRST_OBJID, METADATA, date_text, instant

NOW = datetime(2026, 5, 8, 12, 0, 30, 500000, tzinfo=UTC)
DAYS = 15

# Where a relation leads, if not to the table that its name ends with.
TARGETS = {"parent": "act_entry", "part_info": "mod_level"}

INFORMATION = {
    Activity.ACCEPT: r"from Queue .+ to WIP default",
    Activity.CHANGE_STATUS: r"from Status .+ to Status .+",
    Activity.DISPATCH: r"from (WIP default|Queue .+) to Queue .+",
    Activity.FORWARD: r"from Queue .+ to Queue .+",
    Activity.LINK_SOLUTION: r"Solution \d+",
    Activity.REOPEN: r"with Status .+",
    Activity.REJECT: r"from WIP default to Queue .+",
    Activity.CREATE_SUBCASE: r"Subcase \d+-\d .+",
    Activity.CLOSE_SUBCASE: r"Subcase \d+-\d",
    Activity.UNLINK_SOLUTION: r"Solution \d+",
    Activity.YANK: r"from Queue .+ to WIP default",
    Activity.ASSIGN: r"\d+ to \w+ WIP default",
}


def noon() -> datetime:
    return NOW


def running_clock() -> Callable[[], datetime]:
    begin = time.monotonic()
    return lambda: NOW + timedelta(seconds=time.monotonic() - begin)


PATIENCE = 20.0  # seconds until a test gives up; what works takes a fraction of one


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def living(crm: DemoCrm, speed: float) -> Iterator[None]:
    """The CRM lives in a thread, which has to end promptly."""
    stop = threading.Event()
    thread = threading.Thread(target=crm.live, args=(speed, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def rows(connection: Connection, query: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(query), values)]


def number(connection: Connection, query: str, **values: Any) -> int:
    return int(connection.execute(text(query), values).scalar_one())


def wait_for_entries(connection: Connection, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while number(connection, "SELECT count(*) FROM table_act_entry") < count:
        assert time.monotonic() < deadline, "the demo CRM stands still"
        connection.rollback()
        time.sleep(0.01)
    connection.rollback()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crm") / "day.sqlite"
    DemoCrm(path, noon).prepare(days=1)
    return path


@pytest.fixture
def crm(day: Path, tmp_path: Path) -> DemoCrm:
    """A CRM of one day, at a clock that runs on from there."""
    return DemoCrm(_copy_of(day, tmp_path), running_clock())


def _copy_of(database: Path, folder: Path) -> Path:
    return Path(copyfile(database, folder / "crm.sqlite"))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    crm = DemoCrm(tmp_path_factory.mktemp("crm") / "history.sqlite", noon)
    crm.prepare(DAYS)
    with reading(crm.url) as connection:
        yield connection


# How the history is made.


def test_the_history_fills_the_days_up_to_now(history: Connection) -> None:
    [(first, last)] = rows(history, "SELECT min(entry_time), max(entry_time) FROM table_act_entry")
    assert date_text(NOW - timedelta(days=DAYS)) < first
    assert instant(first) < NOW - timedelta(days=DAYS, hours=-4)
    assert NOW - timedelta(hours=2) < instant(last) <= NOW


def test_prepare_is_quick(tmp_path: Path) -> None:
    begin = time.perf_counter()
    DemoCrm(tmp_path / "crm.sqlite", noon).prepare()
    assert time.perf_counter() - begin < 2


def test_the_same_seed_and_time_make_the_same_history(tmp_path: Path) -> None:
    one, other, third = (
        _history(DemoCrm(tmp_path / f"{place}.sqlite", noon, seed))
        for place, seed in enumerate((7, 7, 8))
    )
    assert one == other
    assert one != third


def _history(crm: DemoCrm) -> dict[str, list[tuple[Any, ...]]]:
    crm.prepare(days=1)
    with reading(crm.url) as connection:
        return {name: rows(connection, f"SELECT * FROM {name}") for name in METADATA.tables}


def test_prepare_leaves_an_existing_database_alone(crm: DemoCrm, tmp_path: Path) -> None:
    before = (tmp_path / "crm.sqlite").read_bytes()
    crm.prepare(days=3)
    assert (tmp_path / "crm.sqlite").read_bytes() == before


def test_prepare_sweeps_away_what_a_killed_one_has_left(tmp_path: Path) -> None:
    for leftover in ("crm.sqlite.draft", "crm.sqlite.draft-journal", "crm.sqlite-wal"):
        (tmp_path / leftover).write_bytes(b"half of something")
    crm = DemoCrm(tmp_path / "crm.sqlite", noon)
    crm.prepare(days=1)
    with reading(crm.url) as connection:
        assert number(connection, "SELECT count(*) FROM table_act_entry") > 100
    assert [path.name for path in tmp_path.iterdir()] == ["crm.sqlite"]


def test_a_failing_prepare_leaves_no_database(tmp_path: Path) -> None:
    def broken_clock() -> datetime:
        raise OSError("no clock")

    with pytest.raises(OSError, match="no clock"):
        DemoCrm(tmp_path / "crm.sqlite", broken_clock).prepare()
    assert not (tmp_path / "crm.sqlite").exists()


def test_the_url_names_the_file(tmp_path: Path) -> None:
    url = DemoCrm(tmp_path / "crm.sqlite", noon).url
    assert url.startswith("sqlite:////")
    assert make_url(url).database == str(tmp_path / "crm.sqlite")


def test_readers_need_not_wait_for_the_writer(history: Connection) -> None:
    assert rows(history, "PRAGMA journal_mode")[0][0] == "wal"


# What the history tells.


def test_every_activity_occurs_and_has_its_name(history: Connection) -> None:
    found = rows(
        history,
        "SELECT DISTINCT act_code, e.title, l.title FROM table_act_entry"
        " JOIN table_gbst_elm e ON e.objid = entry_name2gbst_elm AND e.rank = act_code"
        " JOIN table_gbst_lst l ON l.objid = gbst_elm2gbst_lst",
    )
    assert set(found) == {(code.value, code.title, "Activity Name") for code in Activity}
    assert Activity.CHANGE_STATUS.title == "Change Status"


def test_the_pace_is_natural(history: Connection) -> None:
    hours = rows(
        history, "SELECT substr(entry_time, 12, 2), count(*) FROM table_act_entry GROUP BY 1"
    )
    per_hour = {int(hour): count / DAYS for hour, count in hours}
    by_day = sum(per_hour[hour] for hour in range(8, 18)) / 10
    by_night = sum(count for hour, count in per_hour.items() if hour not in range(8, 18)) / 14
    assert 16 <= sum(per_hour.values()) / 24 <= 21
    assert by_night * 1.2 < by_day < by_night * 2.5


def test_a_case_has_seven_to_ten_entries_on_average(history: Connection) -> None:
    [(cases, entries)] = rows(
        history,
        "SELECT count(DISTINCT act_entry2case), count(*) FROM table_act_entry"
        " WHERE act_entry2case IS NOT NULL",
    )
    assert 7 <= entries / cases <= 10


def test_several_entries_share_a_second(history: Connection) -> None:
    times = rows(history, "SELECT entry_time FROM table_act_entry")
    assert sum(count > 1 for count in Counter(times).values()) > 10 * DAYS


def test_objids_follow_time_without_a_gap(history: Connection) -> None:
    found = rows(history, "SELECT objid, entry_time FROM table_act_entry ORDER BY objid")
    assert [objid for objid, _ in found] == list(range(FIRST_OBJID, FIRST_OBJID + len(found)))
    assert [at for _, at in found] == sorted(at for _, at in found)


def test_additional_information_has_the_known_forms(history: Connection) -> None:
    found = rows(
        history,
        "SELECT act_code, addnl_info FROM table_act_entry"
        " WHERE act_entry2case IS NOT NULL OR act_entry2subcase IS NOT NULL",
    )
    for code, information in found:
        if code in INFORMATION:
            assert re.fullmatch(INFORMATION[Activity(code)], information), (code, information)


def test_a_create_names_contact_and_priority(history: Connection) -> None:
    found = rows(
        history,
        "SELECT addnl_info, first_name || ' ' || last_name, e.title FROM table_act_entry"
        " JOIN table_case c ON c.objid = act_entry2case"
        " JOIN table_contact k ON k.objid = case_reporter2contact"
        " JOIN table_gbst_elm e ON e.objid = respprty2gbst_elm WHERE act_code = 600",
    )
    assert len(found) == number(history, "SELECT count(*) FROM table_case")
    for information, contact, priority in found:
        assert information == f" Contact = {contact}, Priority = {priority}, Status = New."


def test_the_queue_of_a_case_is_where_its_entries_sent_it(history: Connection) -> None:
    place: dict[int, str] = defaultdict(lambda: "WIP default")
    for case, code, information in rows(
        history,
        "SELECT act_entry2case, act_code, addnl_info FROM table_act_entry"
        " WHERE act_entry2case IS NOT NULL ORDER BY objid",
    ):
        move = re.fullmatch(r"from (WIP default|Queue .+) to (WIP default|Queue .+)", information)
        if move is not None:
            assert move[1] == place[case]
            place[case] = move[2]
        elif code in (Activity.ASSIGN, Activity.CLOSE):
            place[case] = "WIP default"
    current = rows(
        history,
        "SELECT c.objid, 'Queue ' || q.title, k.title FROM table_case c"
        " JOIN table_condition k ON k.objid = case_state2condition"
        " LEFT JOIN table_queue q ON q.objid = case_currq2queue",
    )
    for case, queue, condition in current:
        assert place[case] == (queue or "WIP default")
        assert (condition == "Open-Dispatch") == (queue is not None)


def test_no_relation_leads_nowhere(history: Connection) -> None:
    checked = 0
    for name, table in METADATA.tables.items():
        for column in table.columns:
            relation = re.fullmatch(r"\w+2(\w+)", column.name)
            if relation is None:
                continue
            objids = {row[0] for row in rows(history, f"SELECT DISTINCT {column.name} FROM {name}")}
            objids.discard(None)
            if objids:
                target = TARGETS.get(relation[1], relation[1])
                known = {row[0] for row in rows(history, f"SELECT objid FROM table_{target}")}
                assert objids <= known, column
                checked += 1
    assert checked > 70


def test_details_stand_with_their_entries(history: Connection) -> None:
    for code, relation in (
        (Activity.LOG_NOTE, "act_entry2notes_log"),
        (Activity.LOG_PHONE, "act_entry2phone_log"),
        (Activity.EMAIL_OUT, "act_entry2email_log"),
        (Activity.EMAIL_IN, "act_entry2email_log"),
        (Activity.FORWARD, "act_entry2reject_msg"),
        (Activity.REJECT, "act_entry2reject_msg"),
        (Activity.LINK_SOLUTION, "act_entry2probdesc"),
    ):
        query = (
            f"SELECT count(*) FROM table_act_entry WHERE act_code = :code AND {relation} IS NULL"
        )
        assert number(history, query, code=code.value) == 0
    without_summary = number(
        history,
        "SELECT count(*) FROM table_act_entry a WHERE act_code = 200 AND act_entry2case IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM table_close_case"
        " WHERE close_case2act_entry = a.objid AND summary <> '')",
    )
    assert without_summary == 0


def test_a_subcase_stands_twice_in_the_same_second(history: Connection) -> None:
    found = rows(
        history,
        "SELECT child.entry_time, parent.entry_time, child.addnl_info, parent.addnl_info,"
        " parent.act_entry2case, subcase2case FROM table_act_entry child"
        " JOIN table_act_entry parent ON parent.objid = child.act_entry_child2parent"
        " JOIN table_subcase s ON s.objid = child.act_entry2subcase",
    )
    assert len(found) > DAYS
    for child_time, parent_time, child, parent, case, owner in found:
        assert (child_time, child, case) == (parent_time, parent, owner)


def test_other_objects_than_cases_are_created_and_ended(history: Connection) -> None:
    for relation, codes in (
        ("act_entry2probdesc", {Activity.CREATE, Activity.LINK_SOLUTION}),
        ("act_entry2bug", {Activity.CREATE, Activity.CHANGE_STATUS, Activity.CLOSE}),
        ("act_entry2demand_dtl", {Activity.CREATE, Activity.CLOSE}),
        ("act_entry2contract", {Activity.CREATE}),
    ):
        query = f"SELECT DISTINCT act_code FROM table_act_entry WHERE {relation} IS NOT NULL"
        assert {row[0] for row in rows(history, query)} == codes


def test_internal_texts_say_so_and_public_ones_do_not(history: Connection) -> None:
    notes = rows(history, "SELECT x_is_internal, description, internal FROM table_notes_log")
    calls = rows(history, "SELECT x_is_internal, notes, internal FROM table_phone_log")
    kinds = Counter((is_internal, bool(internal)) for is_internal, _, internal in notes)
    assert min(kinds[0, False], kinds[0, True], kinds[1, False]) > DAYS
    for is_internal, public, internal in (*notes, *calls):
        assert public.startswith("INTERNAL: ") == bool(is_internal)
        assert internal == "" or internal.startswith("INTERNAL: ")
    for query in (
        "SELECT summary FROM table_close_case",
        "SELECT description FROM table_reject_msg",
        "SELECT notes FROM table_status_chg",
        "SELECT message FROM table_email_log",
        "SELECT addnl_info FROM table_act_entry",
    ):
        assert not any("INTERNAL" in row[0] for row in rows(history, query))


def test_customers_act_through_self_service(history: Connection) -> None:
    found = rows(
        history,
        "SELECT act_code, act_entry2contact = case_reporter2contact, login_name"
        " FROM table_act_entry JOIN table_case c ON c.objid = act_entry2case"
        " JOIN table_user u ON u.objid = act_entry2user"
        " WHERE act_entry2contact IS NOT NULL OR login_name = 'selfservice'",
    )
    assert {row[0] for row in found} == {
        Activity.CREATE,
        Activity.LOG_NOTE,
        Activity.EMAIL_IN,
    }
    assert {row[1:] for row in found} == {(1, "selfservice")}


def test_texts_vary_and_carry_tags(history: Connection) -> None:
    titles = {row[0] for row in rows(history, "SELECT title FROM table_case")}
    notes = {row[0] for row in rows(history, "SELECT description FROM table_notes_log")}
    assert len(titles) > 40
    assert len(notes) > 40
    assert {tag for title in titles | notes for tag in re.findall(r"#\w+", title)} == {
        "#vip",
        "#urgent",
        "#recall",
    }
    assert max(len(title) for title in titles) <= 80
    assert not any("{" in words for words in titles | notes)


# How it goes on.


def test_what_is_remembered_is_what_the_rows_say(crm: DemoCrm) -> None:
    with reading(crm.url) as connection:
        world, written = read_world(connection), Rows(Objids.read(connection))
        course = Course(world, read_directory(connection), Random(5), NOW)
        while course.due < NOW + timedelta(days=3):
            course.advance(course.due, written)
        written.write(connection)
        connection.commit()
        recalled = read_world(connection)
    assert recalled == world
    assert list(recalled.closed) == list(world.closed)
    assert world.open
    assert world.changes


def test_live_adds_entries_at_the_time_of_the_clock(day: Path, tmp_path: Path) -> None:
    clock = running_clock()
    crm = DemoCrm(_copy_of(day, tmp_path), clock)
    with reading(crm.url) as connection:
        newest = number(connection, "SELECT max(objid) FROM table_act_entry")
        count = number(connection, "SELECT count(*) FROM table_act_entry")
        connection.rollback()
        begin = date_text(clock())
        with living(crm, speed=50_000):
            wait_for_entries(connection, count + 40)
        end = date_text(clock())
        times = [
            row[0]
            for row in rows(
                connection,
                "SELECT entry_time FROM table_act_entry WHERE objid > :newest ORDER BY objid",
                newest=newest,
            )
        ]
    assert len(times) >= 40
    assert times == sorted(times)
    assert begin <= times[0]
    assert times[-1] <= end


def test_a_reader_sees_whole_steps(crm: DemoCrm) -> None:
    halves = (
        "SELECT count(*) FROM table_act_entry a WHERE act_code IN (200, 3000) AND NOT EXISTS"
        " (SELECT 1 FROM table_close_case WHERE close_case2act_entry = a.objid) AND NOT EXISTS"
        " (SELECT 1 FROM table_act_entry WHERE act_entry_child2parent = a.objid)"
        " AND act_entry_child2parent IS NULL AND act_entry2case IS NOT NULL"
    )
    with reading(crm.url) as connection, living(crm, speed=50_000):
        seen: set[int] = set()
        deadline = time.monotonic() + PATIENCE
        while len(seen) <= 5 and time.monotonic() < deadline:
            assert number(connection, halves) == 0
            seen.add(number(connection, "SELECT count(*) FROM table_act_entry"))
            connection.rollback()
    assert len(seen) > 5


def test_after_a_restart_open_cases_go_on(crm: DemoCrm, tmp_path: Path) -> None:
    with reading(crm.url) as connection:
        count = number(connection, "SELECT count(*) FROM table_act_entry")
        with living(crm, speed=50_000):
            wait_for_entries(connection, count + 20)
        waiting = set(read_world(connection).open)
        count, newest = rows(connection, "SELECT count(*), max(objid) FROM table_act_entry")[0]
        connection.rollback()
        successor = DemoCrm(tmp_path / "crm.sqlite", _later_clock())
        successor.prepare()
        with living(successor, speed=50_000):
            wait_for_entries(connection, count + 40)
        touched = rows(
            connection,
            "SELECT act_entry2case, act_code FROM table_act_entry WHERE objid > :newest",
            newest=newest,
        )
    assert waiting & {case for case, code in touched if code != Activity.CREATE}


def _later_clock() -> Callable[[], datetime]:
    clock = running_clock()
    return lambda: clock() + timedelta(hours=1)


def test_a_clock_that_was_set_back_is_waited_for(crm: DemoCrm, tmp_path: Path) -> None:
    late = running_clock()
    slow = DemoCrm(tmp_path / "crm.sqlite", lambda: late() - timedelta(hours=3))
    with reading(crm.url) as connection:
        count = number(connection, "SELECT count(*) FROM table_act_entry")
        connection.rollback()
        with living(slow, speed=50_000):
            time.sleep(0.2)
        assert number(connection, "SELECT count(*) FROM table_act_entry") == count


def test_stop_does_not_wait_for_the_next_event(crm: DemoCrm) -> None:
    with living(crm, speed=0.001):
        time.sleep(0.05)


def test_live_refuses_what_it_cannot_do(crm: DemoCrm, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="prepare"):
        DemoCrm(tmp_path / "none.sqlite", noon).live(1, threading.Event())
    with pytest.raises(ValueError, match="above 0"):
        crm.live(0, threading.Event())
