"""Walks through a feed while it is written: what a reader has when it comes to the end."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import Elsewhere
from feedserver.model.activity import Activity
from feedserver.model.addresses import feed_path
from feedserver.model.feed import Page
from feedserver.model.filter import Filter
from feedserver.services import indexing
from tests.laws import examples
from tests.services.test_reading import Reader, link
from tests.services.test_versions import DRAFTS, FILTERS, RUN, STEPS, Model, Step, take

MEANWHILE = st.lists(
    st.lists(
        st.builds(
            Step,
            st.sampled_from(["post", "post", "edit", "edit", "silent", "delete", "redact"]),
            st.integers(0, 9),
            DRAFTS,
            st.sampled_from([0.0, 0.4, 7.0, -3.0]),
        ),
        max_size=3,
    ),
    max_size=9,
)
"""What is written between one document and the next."""

_LONGEST = 200  # documents of a walk, begun anew as often as something can be deleted


@pytest.fixture(autouse=True)
def _short_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ARCHIVED", RUN)


class Walk:
    """A walk through a feed from its head; before each further document something happens."""

    def __init__(
        self, steps: Sequence[Step], meanwhile: Sequence[list[Step]], filter: Filter, limit: int
    ) -> None:
        self._reader = Reader()
        self._filter = filter
        self._head = feed_path(filter, "json", [("limit", str(limit))], by_name=False)
        self._meanwhile = iter(meanwhile)
        for step in steps:
            take(self._reader.log, self._reader.clock, step)
        self.at_first = self._ids()
        """What was in the feed when the walk began."""
        self.ever = set(self.at_first)
        """What has been in it at any moment since."""
        self.always = set(self.at_first)
        """What has been in it at every moment since."""
        self._began = self._reader.log.head()

    def _ids(self) -> set[str]:
        model = Model(self._reader.log, self._filter)
        return {model.versions[at].id for at in model.state.values()}

    def _happen(self) -> None:
        for step in next(self._meanwhile, []):
            take(self._reader.log, self._reader.clock, step)
            now = self._ids()
            self.ever |= now
            self.always &= now

    @property
    def moved(self) -> set[str]:
        """What was edited, not silently, since the walk began."""
        versions = self._reader.log.read(self._began)
        return {
            each.id
            for each in versions
            if each.replaces and not (isinstance(each, Activity) and each.is_silent)
        }

    def pages(self, relation: str) -> Iterator[Page]:
        """The documents from the head on; who is sent to the head begins anew."""
        address: str | None = self._head
        for _ in range(_LONGEST):
            if address is None:
                return
            try:
                page = self._reader.page(address)
            except Elsewhere as error:
                address = error.address
                continue
            yield page
            self._happen()
            address = link(page, relation)
        pytest.fail("the walk has no end")


@examples(3)
@given(STEPS, MEANWHILE, FILTERS, st.integers(1, 4))
def test_who_walks_the_archives_misses_nothing(
    steps: list[Step], meanwhile: list[list[Step]], filter: Filter, limit: int
) -> None:
    walk = Walk(steps, meanwhile, filter, limit)
    held: dict[str, bool] = {}

    for page in walk.pages("prev-archive"):
        if not page.is_archive:
            held.clear()
        for entry in page.entries:
            # The documents come from the newest on: what is met first counts.
            held.setdefault(entry.id, isinstance(entry, Activity))

    there = {id for id, is_there in held.items() if is_there}
    assert walk.always <= there <= walk.ever


@examples(3)
@given(STEPS, MEANWHILE, FILTERS, st.integers(1, 4))
def test_who_goes_back_by_pages_misses_and_repeats_nothing_but_what_was_edited(
    steps: list[Step], meanwhile: list[list[Step]], filter: Filter, limit: int
) -> None:
    walk = Walk(steps, meanwhile, filter, limit)
    met: list[str] = []

    for page in walk.pages("next"):
        met += [activity.id for activity in page.activities]

    assert walk.always - walk.moved <= set(met) <= walk.ever
    steady = [id for id in met if id not in walk.moved]
    assert len(steady) == len(set(steady))
