"""Identity: ids that depend on nothing that may change."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.errors import SettingsError
from feedserver.model.identity import dated_authority, feed_id, namespace, scheme, tag
from tests.builders import AUTHORITY, NOON


@pytest.mark.parametrize(
    ("written", "dated"),
    [
        ("example.com,2026", "example.com,2026"),
        ("example.com,1999-12", "example.com,1999-12"),
        ("example.com,1999-12-31", "example.com,1999-12-31"),
        ("  Example.COM,2001 ", "example.com,2001"),
        ("crm.my-firm.example,2001", "crm.my-firm.example,2001"),
        ("localhost", "localhost,2026"),
        ("example.com", "example.com,2026"),
    ],
)
def test_an_authority_is_a_domain_name_with_a_date(written: str, dated: str) -> None:
    assert dated_authority(written, NOON) == dated


@pytest.mark.parametrize(
    "written",
    [
        "",
        ",2026",
        "example.com,",
        "example.com,26",
        "example.com,2026-13",
        "example.com,2026-00",
        "example.com,2026-01-32",
        "example.com,2026-1",
        "example.com,2026,x",
        "http://example.com,2026",
        "example.com/crm,2026",
        "exa mple.com,2026",
        "-example.com,2026",
        "example-.com,2026",
        "example..com,2026",
        "exämple.com,2026",
        "example.com,2026\n2",
    ],
)
def test_what_cannot_stand_in_ids_is_no_authority(written: str) -> None:
    with pytest.raises(SettingsError) as refused:
        dated_authority(written, NOON)

    assert str(refused.value) == (
        f"authority = {written!r} cannot stand in ids; write a domain name that is yours "
        "and the year from which it is: example.com,2026"
    )


def test_a_tag_is_made_of_the_authority_and_what_a_thing_is() -> None:
    assert tag(AUTHORITY, "crm", "act-entry", 7) == "tag:example.com,2026:crm/act-entry/7"


def test_signs_that_no_path_may_hold_are_encoded_in_a_tag() -> None:
    assert tag(AUTHORITY, "a/b", "c d%é") == "tag:example.com,2026:a%2Fb/c%20d%25%C3%A9"


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4),
)
def test_different_things_have_different_tags_of_legal_signs(
    one: list[str], other: list[str]
) -> None:
    assert (tag(AUTHORITY, *one) == tag(AUTHORITY, *other)) == (one == other)
    assert re.fullmatch(r"tag:[A-Za-z0-9._~!$&'()*+,;=:@%/-]*", tag(AUTHORITY, *one))


def test_terms_and_schemes_are_made_from_the_authority() -> None:
    assert namespace(AUTHORITY) == "tag:example.com,2026:ns#"
    assert scheme(AUTHORITY, "queue") == "tag:example.com,2026:categories/queue"


def test_a_feed_is_named_by_its_filter() -> None:
    assert feed_id(AUTHORITY, "") == "tag:example.com,2026:feeds/all"
    assert feed_id(AUTHORITY, "tag=vip") == "tag:example.com,2026:feeds/tag=vip"
