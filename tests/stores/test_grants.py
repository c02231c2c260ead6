"""The contract of `ports.GrantStore`, the same for every store, and what a database adds."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from feedserver.errors import Conflict, StoreError
from feedserver.model.grant import Grant
from feedserver.ports import GrantStore
from feedserver.stores.memory import MemoryGrants
from feedserver.stores.sql.log import SqlLog
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock, make_draft
from tests.stores.reading import drafts_in
from tests.stores.statements import ask

LATER = NOON + timedelta(days=1, microseconds=1)

Open = Callable[[], SqlLog]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Open]:
    """Opens the store of the test, as a process of its own would."""
    with ExitStack() as opened:

        def open_store() -> SqlLog:
            log = open_log("sqlite:///log.db", tmp_path, AUTHORITY, FakeClock())
            opened.callback(log.close)
            return log

        yield open_store


@pytest.fixture(params=["memory", "sqlite"])
def grants(request: pytest.FixtureRequest, open_store: Open) -> GrantStore:
    return MemoryGrants() if request.param == "memory" else open_store().grants


def make_grant(label: str = "ann", *, can_write: bool = False) -> Grant:
    return Grant(label, label.encode().ljust(32, b"\0"), can_write, NOON)


def test_at_first_there_is_no_grant(grants: GrantStore) -> None:
    assert grants.all() == ()


def test_grants_are_kept_as_they_are_in_the_order_in_which_they_were_given(
    grants: GrantStore,
) -> None:
    given = (make_grant("zoë", can_write=True), make_grant("ann"), make_grant("bot"))

    for grant in given:
        grants.add(grant)

    assert grants.all() == given


def test_a_label_in_force_is_given_to_no_other_grant(grants: GrantStore) -> None:
    grants.add(make_grant("ann"))

    with pytest.raises(Conflict, match="ann is in force"):
        grants.add(make_grant("ann", can_write=True))

    assert grants.all() == (make_grant("ann"),)


def test_labels_that_differ_in_case_are_two(grants: GrantStore) -> None:
    grants.add(make_grant("ann"))
    grants.add(make_grant("Ann"))

    assert grants.revoke("Ann", LATER)
    assert [grant.revoked for grant in grants.all()] == [None, LATER]


def test_a_revoked_grant_stays_known_with_its_date(grants: GrantStore) -> None:
    grants.add(make_grant("ann"))
    grants.add(make_grant("bot"))

    assert grants.revoke("ann", LATER) is True

    assert [(grant.label, grant.revoked) for grant in grants.all()] == [
        ("ann", LATER),
        ("bot", None),
    ]


def test_the_label_of_a_revoked_grant_is_free_again(grants: GrantStore) -> None:
    grants.add(make_grant("ann"))
    grants.revoke("ann", LATER)

    grants.add(make_grant("ann"))

    assert [grant.revoked for grant in grants.all()] == [LATER, None]


def test_what_is_not_in_force_is_not_revoked(grants: GrantStore) -> None:
    grants.add(make_grant("ann"))
    grants.revoke("ann", NOON)

    assert grants.revoke("ann", LATER) is False
    assert grants.revoke("nobody", LATER) is False
    assert [grant.revoked for grant in grants.all()] == [NOON]


def test_grants_are_there_when_the_store_is_opened_again(open_store: Open) -> None:
    first = open_store()
    first.grants.add(make_grant("ann", can_write=True))
    first.close()

    assert open_store().grants.all() == (make_grant("ann", can_write=True),)


def test_what_one_process_changes_another_one_finds_at_once(open_store: Open) -> None:
    one, other = open_store().grants, open_store().grants

    one.add(make_grant("ann"))
    assert [grant.label for grant in other.all()] == ["ann"]

    one.revoke("ann", LATER)
    assert [grant.revoked for grant in other.all()] == [LATER]


def test_of_adds_of_one_label_at_once_exactly_one_wins(open_store: Open) -> None:
    stores = [open_store().grants for _ in range(6)]
    labels = [f"label {number}" for number in range(10)]
    refused: list[str] = []
    together = threading.Barrier(len(stores))

    def add(grants: GrantStore) -> None:
        for label in labels:
            together.wait(10)
            try:
                grants.add(make_grant(label))
            except Conflict:
                refused.append(label)

    threads = [threading.Thread(target=add, args=(grants,)) for grants in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(grant.label for grant in stores[0].all()) == sorted(labels)
    assert sorted(refused) == sorted(labels * (len(stores) - 1))


def test_what_the_database_refuses_is_an_error_of_the_store(
    open_store: Open, tmp_path: Path
) -> None:
    grants = open_store().grants
    ask(tmp_path / "log.db", "DROP TABLE access_grant")

    with pytest.raises(StoreError, match="cannot be read: no such table"):
        grants.all()
    with pytest.raises(StoreError, match="cannot be written: no such table"):
        grants.add(make_grant())
    with pytest.raises(StoreError, match="cannot be written: no such table"):
        grants.revoke("ann", LATER)


def test_a_store_from_before_there_were_grants_gets_their_table(
    open_store: Open, tmp_path: Path
) -> None:
    older = open_store()
    draft = make_draft()
    older.append([draft])
    older.close()
    ask(tmp_path / "log.db", "DROP TABLE access_grant")
    kept = ask(tmp_path / "log.db", "SELECT * FROM store")

    log = open_store()
    log.grants.add(make_grant("ann"))

    assert log.grants.all() == (make_grant("ann"),)
    assert log.epoch == older.epoch
    assert drafts_in(log) == [draft]
    assert ask(tmp_path / "log.db", "SELECT * FROM store") == kept


def test_processes_that_open_such_a_store_at_once_do_not_disturb_each_other(
    open_store: Open, tmp_path: Path
) -> None:
    open_store().close()
    ask(tmp_path / "log.db", "DROP TABLE access_grant")
    opened: list[SqlLog] = []
    threads = [threading.Thread(target=lambda: opened.append(open_store())) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [log.grants.all() for log in opened] == [()] * len(threads)


def test_opening_a_store_that_lacks_nothing_writes_nothing(
    open_store: Open, tmp_path: Path
) -> None:
    open_store()
    watching = sqlite3.connect(tmp_path / "log.db")
    before = watching.execute("PRAGMA data_version").fetchall()

    open_store()

    assert watching.execute("PRAGMA data_version").fetchall() == before
    open_store().grants.add(make_grant())
    assert watching.execute("PRAGMA data_version").fetchall() != before
    watching.close()
