"""What documents say of their entries, read again from each format."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedserver.errors import FeedserverError
from feedserver.formats import FORMATS
from feedserver.validity.saying import Said, said
from tests.builders import make_draft
from tests.formats.conftest import page_of, reading_of

SAID = Said("urn:x:1", "A <b> & c", "https://example.com/", *[datetime(2026, 5, 8, tzinfo=UTC)] * 2)


def test_every_format_says_the_same() -> None:
    reading = reading_of([make_draft(title="A <b> & c"), make_draft(content=None)])
    read = {}
    for extension in FORMATS:
        format = FORMATS[extension]()
        page = page_of(reading, format)
        read[extension] = said(extension, format.render(page))
        (alone,) = said(extension, format.render_activity(page.activities[0], page))
        assert alone.differs_from(read[extension][0]) is None

    for extension, entries in read.items():
        assert [each.differs_from(same) for each, same in zip(entries, read["atom"], strict=True)]
        assert not any(
            each.differs_from(same) for each, same in zip(entries, read["atom"], strict=True)
        ), extension
        assert [each.id for each in entries] == [each.id for each in read["atom"]]


@pytest.mark.parametrize("name", ["id", "title", "link", "published", "updated"])
def test_a_difference_is_told(name: str) -> None:
    other = datetime(2026, 5, 9, tzinfo=UTC) if name in ("published", "updated") else "other"
    changed = replace(SAID, **{name: other})  # type: ignore[arg-type]  # as the name wants it

    assert f"{name} is {other}, not " in str(changed.differs_from(SAID))
    assert SAID.differs_from(SAID) is None


def test_what_a_format_has_no_word_for_is_no_difference() -> None:
    assert replace(SAID, published=None, link=None).differs_from(SAID) is None


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("document", [b"", b"[]", b'{"items": [{}]}', b"<a", b"null"])
def test_what_cannot_be_read_is_told(extension: str, document: bytes) -> None:
    with pytest.raises(FeedserverError, match=rf"the \.{extension} cannot be read"):
        said(extension, document)
