"""The log in SQLite and the one in memory, which is short enough to be believed, do the same."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from feedserver.errors import Moved
from feedserver.model.search import parse_words
from feedserver.ports import Bookmark, Log
from feedserver.stores.memory import MemoryLog
from feedserver.stores.sql.checking import check
from feedserver.stores.sql.opening import open_log
from tests.builders import AUTHORITY, FakeClock, make_draft
from tests.laws import examples

URL = "sqlite:///log.db"
IDS = [f"urn:example:{number}" for number in range(6)]
PLACES = ["a", "b"]

ids = st.lists(st.sampled_from(IDS), max_size=4)
places = st.sampled_from([None, *PLACES])
steps = st.sampled_from([0.0, 0.0005, 1.0, 90.0, -0.000_001, -60.0])


class Agreement(RuleBasedStateMachine):
    """Everything that can be done to a log, done to both; they must answer and be the same."""

    def __init__(self) -> None:
        super().__init__()
        self._opened = ExitStack()
        self._folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory()))
        self._clock = FakeClock()
        self._memory = MemoryLog(AUTHORITY, self._clock)
        self._sqlite = open_log(URL, self._folder, AUTHORITY, self._clock)
        self._opened.callback(self._sqlite.close)

    def teardown(self) -> None:
        faults = list(check(URL, self._folder))
        self._opened.close()
        assert faults == []

    def _both(self, ask: Callable[[Log], object]) -> None:
        answers = []
        for log in (self._memory, self._sqlite):
            try:
                answers.append(ask(log))
            except Moved as error:
                answers.append(str(error))
        one, other = answers
        assert one == other

    @rule(seconds=steps)
    def time_passes(self, seconds: float) -> None:
        self._clock.advance(seconds)

    @rule(ids=ids, minutes=st.integers(-60, 60), place=places, found=places)
    def append(self, ids: list[str], minutes: int, place: str | None, found: str | None) -> None:
        occurred = FakeClock()
        occurred.advance(minutes * 60)
        drafts = [make_draft(id=id, occurred=occurred()) for id in ids]
        bookmark = None if place is None else Bookmark("source crm", place, found)
        self._both(lambda log: log.append(drafts, bookmark))

    @rule(back=st.integers(-1, 12), is_silent=st.booleans())
    def edit(self, back: int, is_silent: bool) -> None:
        position = self._memory.head() - back
        (replaced,) = self._memory.at([position]) or (None,)
        draft = make_draft() if replaced is None else make_draft(id=replaced.id)
        self._both(lambda log: log.replace(position, draft, is_silent))

    @rule(back=st.integers(-1, 12))
    def delete(self, back: int) -> None:
        position = self._memory.head() - back
        self._both(lambda log: log.replace(position, None))

    @rule(ids=ids)
    def redact(self, ids: list[str]) -> None:
        self._both(lambda log: log.redact(ids))

    @invariant()
    def everything_is_the_same(self) -> None:
        positions = list(range(self._memory.head() + 1, -1, -1))
        self._both(lambda log: log.head())
        self._both(lambda log: list(log.read(0)))
        self._both(lambda log: list(log.read(2, 3)))
        self._both(lambda log: log.at(positions))
        self._both(lambda log: [log.find(id) for id in IDS])
        self._both(lambda log: set(log.known(IDS)))
        self._both(lambda log: dict(log.versions(IDS)))
        self._both(lambda log: log.bookmark("source crm"))
        self._both(lambda log: list(log.search(parse_words("case burns"))))
        self._both(lambda log: list(log.search(parse_words("bur*"), 2)))


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(examples(0.6), stateful_step_count=25)
