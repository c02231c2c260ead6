"""The ids that every feed may hold, and why others are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.model.iris import fault_of, is_link
from feedserver.validity.rules import RULES
from feedserver.validity.uris import FULL_URI, REFERENCE, uri_fault


@pytest.mark.parametrize(
    "iri",
    [
        "https://example.com/a?b=c#d",
        "HTTP://EX.example/",
        "https://ann@example.com/",
        "http://ex.example/ü",
        "http://ü.example/" + "é" * 70,
        "http://ex.example/%7Ea",
        "http://a:99999/",
        "tag:example.com,2026:1",
        "tag:ann@example.com,2026-11-21:a/b?c#d",
        "urn:example:1",
        "urn:isbn:0451450523",
        "urn:UUID:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
        "acct:ann@example.com",
        "mailto:a",
        "doi:10.1/x",
        "ni:///sha-256;x",
        "a:/",
    ],
)
def test_an_iri_that_keeps_the_rules_of_its_scheme_is_an_id(iri: str) -> None:
    assert fault_of(iri) is None


@pytest.mark.parametrize(
    ("iri", "fault"),
    [
        ("", "is no absolute IRI"),
        ("1a:b", "is no absolute IRI"),
        ("urn", "is no absolute IRI"),
        ("x:%zz", "holds what no IRI does"),
        ("x:a#b#c", "holds what no IRI does"),
        ("http://ex.example/a b", "holds what no IRI does"),
        ("http://ex.example/a[1]", "holds what no IRI does"),
        ("http://[bad/", "holds what no IRI does"),
        ("http:x", "names no host"),
        ("HTTPS:x", "names no host"),
        ("http:///x", "names no host"),
        ("http://?x", "names no host"),
        ("http://:80/", "names no host"),
        ("ftp://ann@/", "names no host"),
        ("tag:x", "is no tag: URI"),
        ("tag:a,b:c", "is no tag: URI"),
        ("tag:a.example,2026-13-45:x", "is no tag: URI"),
        ("tag:Example.com,2026:1", "is no tag: URI"),
        ("tag:example.com,2026:ü", "is no tag: URI"),
        ("urn:x:1", "is no URN"),
        ("urn:th", "is no URN"),
        ("urn:isbn:", "is no URN"),
        ("urn:example:a?b", "is no URN"),
        ("urn:example:a#b", "is no URN"),
        ("urn:example:ü", "is no URN"),
        ("urn:uuid:5b2", "is no UUID"),
        ("urn:UUID:xyz", "is no UUID"),
    ],
)
def test_what_breaks_a_rule_is_told_with_what_would_be_right(iri: str, fault: str) -> None:
    told = fault_of(iri)

    assert told is not None
    assert told.startswith(fault)
    assert ". Write " in told


BEGINNINGS = ["", "http://", "https:", "tag:", "tag:a.example,2026", "urn:", "urn:uuid:", "a:"]


@given(st.sampled_from(BEGINNINGS), st.text("aA1%[]:/?#@,-._~é😀\ue000 {", max_size=12))
def test_no_id_is_an_error_in_a_feed(begin: str, text: str) -> None:
    iri = begin + text
    if fault_of(iri) is None:
        faults = [uri_fault(iri, form, "InvalidIRI") for form in (FULL_URI, REFERENCE)]
        assert all(fault is None or RULES[fault].is_warning for fault in faults)


@pytest.mark.parametrize(
    "text", ["https://a.example/x?y#z", "http://a.example:81", "mailto:ann@example.com"]
)
def test_links(text: str) -> None:
    assert is_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "/x",
        "a",
        "https://",
        "https://a b.example",
        "https://ann:pw@a.example",
        "http://a.example:x",
        "ftp://a.example",
        "http://[a",
    ],
)
def test_what_is_no_link(text: str) -> None:
    assert not is_link(text)
