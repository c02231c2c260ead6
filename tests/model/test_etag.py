"""ETags: read back from whatever readers and proxies make of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.etag import ETag, find_etags

ETAGS = st.builds(
    ETag,
    st.integers(0, 2**64 - 1),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=9, max_size=9),
    st.binary(min_size=15, max_size=15),
)
ONE = ETag(4711, b"\x00\xff~\x7f", b"\xff" * 9, b"\xfb" * 15)


@given(st.lists(ETAGS, max_size=4))
def test_every_etag_of_a_list_is_read_back(etags: list[ETag]) -> None:
    text = ", ".join(f'"{etag}"' for etag in etags)

    assert list(find_etags(text)) == [(str(etag), etag) for etag in etags]


@given(ETAGS)
def test_an_etag_can_stand_between_quotes_as_it_is(etag: ETag) -> None:
    assert str(etag).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "form", ["{}", 'W/"{}"', "W/{}", '""{}""', "&quot;{}&quot;", ' "x" , "{}"']
)
@pytest.mark.parametrize("suffix", ["", "-gzip", "-br", "--gzip", "-zstd"])
def test_what_is_added_on_the_way_takes_nothing_away(form: str, suffix: str) -> None:
    told = f"{ONE}{suffix}"

    assert list(find_etags(form.replace("{}", told))) == [(told, ONE)]


@pytest.mark.parametrize(
    "text", ["", "*", '"x"', "é", str(ONE)[:-1], f'"{str(ONE)[:20]}.{str(ONE)[20:]}"', "A" * 47]
)
def test_what_has_another_form_is_none(text: str) -> None:
    assert list(find_etags(text)) == []


@given(st.text(st.characters(max_codepoint=255), max_size=120))
def test_no_text_breaks_anything(text: str) -> None:
    for told, etag in find_etags(text):
        assert told in text
        assert told.startswith(str(etag))
