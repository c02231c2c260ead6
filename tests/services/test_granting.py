"""Granting: who has a token is known, and nobody else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from feedserver.errors import Conflict, InvalidRequest, NotFound
from feedserver.model.grant import Grant, masked
from feedserver.services.granting import Granting
from feedserver.stores.memory import MemoryGrants
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, NOON, FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def granting(clock: FakeClock) -> Granting:
    return Granting(MemoryGrants(), clock, taken=("crm", "Feeds"))


def test_the_bearer_of_a_token_has_its_grant(granting: Granting) -> None:
    reading, writing = granting.add("ann", False), granting.add("bot", True)

    ann, bot = granting.bearer(reading), granting.bearer(writing)

    assert ann is not None
    assert bot is not None
    assert (ann.label, ann.can_write, ann.created) == ("ann", False, NOON)
    assert (bot.label, bot.can_write) == ("bot", True)


def test_a_token_is_long_and_new_each_time_and_can_stand_anywhere(granting: Granting) -> None:
    tokens = {granting.add(f"label {number}", False) for number in range(50)}

    assert len(tokens) == 50
    assert all(re.fullmatch(r"fs_[A-Za-z0-9_-]{32}", token) for token in tokens)
    assert {masked(f"a/{token}.atom") for token in tokens} == {"a/fs_….atom"}


@pytest.mark.parametrize(
    "change",
    [
        lambda token: "",
        lambda token: token[:-1],
        lambda token: token + "x",
        lambda token: token.removeprefix("fs_"),
        lambda token: token.swapcase(),
        lambda token: "fs_" + "x" * 32,
        lambda token: token + "\udcff",
        lambda token: "ключ",
    ],
)
def test_what_is_no_token_has_no_grant(granting: Granting, change: object) -> None:
    token = granting.add("ann", False)
    assert callable(change)

    assert granting.bearer(change(token)) is None


def test_a_label_or_a_digest_is_no_token(granting: Granting) -> None:
    token = granting.add("ann", False)

    assert granting.bearer("ann") is None
    assert granting.bearer(sha256(token.encode()).hexdigest()) is None


def test_only_the_hash_of_a_token_is_on_disk(tmp_path: Path, clock: FakeClock) -> None:
    log = open_log("sqlite:///log.db", tmp_path, AUTHORITY, clock)
    token = Granting(log.grants, clock).add("ann", False)
    log.close()

    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert token.removeprefix("fs_").encode() not in stored
    assert sha256(token.encode()).digest() in stored


def test_a_revoked_token_has_no_grant_from_that_moment(
    granting: Granting, clock: FakeClock
) -> None:
    token, other = granting.add("ann", False), granting.add("bot", False)
    clock.advance(60)

    granting.revoke("ann")

    assert granting.bearer(token) is None
    assert granting.bearer(other) is not None
    assert [grant.revoked for grant in granting.list()] == [NOON + timedelta(minutes=1), None]


def test_what_another_process_revokes_ends_at_once(tmp_path: Path, clock: FakeClock) -> None:
    here, there = (open_log("sqlite:///log.db", tmp_path, AUTHORITY, clock) for _ in range(2))
    token = Granting(there.grants, clock).add("ann", False)
    asked = Granting(here.grants, clock)
    assert asked.bearer(token) is not None

    Granting(there.grants, clock).revoke("ann")

    assert asked.bearer(token) is None
    here.close()
    there.close()


def test_a_label_given_again_does_not_bring_its_old_token_back(granting: Granting) -> None:
    old = granting.add("ann", True)
    granting.revoke("ann")
    new = granting.add("ann", False)

    assert granting.bearer(old) is None
    assert granting.bearer(new) is not None


class Watched(tuple[Grant, ...]):
    """Grants that tell how many of them were looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[Grant]:
        for grant in super().__iter__():
            Watched.looked_at += 1
            yield grant


class WatchedGrants(MemoryGrants):
    """A store that gives such grants."""

    def all(self) -> tuple[Grant, ...]:
        return Watched(super().all())


@pytest.mark.parametrize("number", [0, 1, 2, None])
def test_every_grant_is_looked_at_wherever_the_right_one_stands(
    clock: FakeClock, number: int | None
) -> None:
    granting = Granting(WatchedGrants(), clock)
    tokens = [granting.add(f"label {number}", False) for number in range(3)]
    Watched.looked_at = 0

    granting.bearer("fs_wrong" if number is None else tokens[number])

    assert Watched.looked_at == 3


@pytest.mark.parametrize(
    ("given", "kept"),
    [("  Ann's   phone ", "Ann's phone"), ("a\tb", "a b"), ("Zoë 🐢", "Zoë 🐢"), ("x" * 100,) * 2],
)
def test_a_label_is_one_clean_line(granting: Granting, given: str, kept: str) -> None:
    granting.add(given, False)

    assert [grant.label for grant in granting.list()] == [kept]
    granting.revoke(given)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("", "1 to 100 characters; this one has 0"),
        (" \n ", "1 to 100 characters; this one has 0"),
        ("x" * 101, "this one has 101"),
        ("a\x00b", "characters that nobody sees"),
        ("a\u202eb", "characters that nobody sees"),
        ("a\udcffb", "characters that nobody sees"),
        ("crm", "crm is the name of a source or reserved"),
        (" CRM ", "CRM is the name of a source or reserved"),
        ("feeds", "feeds is the name of a source or reserved"),
    ],
)
def test_a_label_that_cannot_be_one_is_refused(granting: Granting, label: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        granting.add(label, False)

    assert granting.list() == ()


def test_a_token_is_no_label_and_is_not_repeated(granting: Granting) -> None:
    token = granting.add("ann", False)

    with pytest.raises(InvalidRequest) as refused:
        granting.add(token, False)
    with pytest.raises(NotFound) as unknown:
        granting.revoke(token)

    assert token[3:] not in f"{refused.value} {unknown.value}"


def test_a_label_in_force_is_refused(granting: Granting) -> None:
    granting.add("ann", False)

    with pytest.raises(Conflict, match="ann is in force"):
        granting.add(" ann", True)


def test_revoking_what_is_not_there_names_the_nearest(granting: Granting) -> None:
    for label in ("ci-bot", "Ann's phone", "ci-bat"):
        granting.add(label, False)
    granting.revoke("ci-bat")

    with pytest.raises(NotFound) as caught:
        granting.revoke("ci-bott")

    assert str(caught.value) == "No grant in force is called ci-bott. Did you mean ci-bot?"
