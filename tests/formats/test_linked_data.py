"""JSON-LD: a document of ours says what it means, and what others said keeps its meaning."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from pyld import jsonld

from feedserver.markup import sanitised
from feedserver.model.extension import AS2_CONTEXT, TERMS
from feedserver.model.text import clean, one_line
from feedserver.parsers.members import is_id, is_link
from feedserver.services.reading import Reading
from tests.builders import AUTHORITY
from tests.formats.conftest import page_of
from tests.formats.documents import HTML, as2_documents
from tests.formats.exchange import WRITTEN, Exchange
from tests.formats.test_spec_examples import EXAMPLES

Expand = Callable[[Any], Any]
AS = AS2_CONTEXT + "#"
OWN = f"tag:{AUTHORITY}:ns#"
OURS = {AS + "published", AS + "updated"}
HIDDEN = {AS + "bto", AS + "bcc", "@type", "@id", *(OWN + term for term in TERMS)}
RELATIVE = "http://relative.invalid/"
LINKS = {"url", "href", "src", "uri", "link", "icon", "image", "fullImage", "stream", "preview"}


@pytest.fixture(scope="module")
def expand() -> Expand:
    """Expands a document, with the context of Activity Streams and no other that is fetched."""
    data = os.environ.get("FEEDSERVER_TEST_DATA")
    path = Path(data or "/nowhere") / ".." / "schemas" / "activitystreams.jsonld"
    if not path.is_file():
        pytest.skip("FEEDSERVER_TEST_DATA names no folder with ../schemas/activitystreams.jsonld")
    context = json.loads(path.read_text(encoding="utf-8"))

    def load(url: str, _options: Any) -> Any:
        assert url.replace("http:", "https:").rstrip("#") == AS2_CONTEXT, "it is fetched from us"
        return {"contextUrl": None, "documentUrl": url, "document": context}

    def expanded(document: Any) -> Any:
        # Who sends no context means that of Activity Streams, and ours.
        around = [context["@context"], {"fs": OWN, **{term: OWN + term for term in TERMS}}]
        return jsonld.expand(
            document, {"documentLoader": load, "expandContext": around, "base": RELATIVE}
        )

    return expanded


def test_every_member_of_a_page_has_an_iri(expand: Expand, reading: Reading) -> None:
    format = WRITTEN["as2"]
    document = json.loads(format.render(page_of(reading, format)))

    (expanded,) = expand(document)

    items = expanded[AS + "items"][0]["@list"]
    for item, written in zip(items, document["orderedItems"], strict=True):
        assert item["@id"] == written["id"]
        for member in set(written) - {"id", "type"}:
            assert (OWN if member in TERMS else AS) + member in item
        assert all(":" in kind for kind in item["@type"])
    dispatched = items[-2]
    assert dispatched["@type"] == [AS + "Move", OWN + "Dispatch"]
    assert dispatched[OWN + "queue"] == [{"@value": "Support"}]
    assert items[-1][OWN + "product"] == [{"@list": [{"@value": "XR-20"}]}]


def meaning(value: Any, iri: str = "") -> Any:
    """What an expanded value says, less what is never given back; None for nothing."""
    if isinstance(value, list):
        return [made for made in (meaning(each, iri) for each in value) if made is not None]
    if not isinstance(value, dict):
        return value
    if "@list" in value:
        return meaning(value["@list"], iri)
    if "@value" in value:
        text = value["@value"]
        if _local(iri) in HTML and isinstance(text, str):
            text = sanitised(clean(text))
        is_dropped = _local(iri) in LINKS and isinstance(text, str) and not is_link(text)
        return None if is_dropped else one_line(str(text)) or None
    made = {name: meaning(members, name) for name, members in value.items() if name not in HIDDEN}
    said = {name: members for name, members in made.items() if members != []}
    if "@id" in value:
        is_kept = is_link(value["@id"]) if _local(iri) in LINKS else is_id(value["@id"])
        is_kept = is_kept and not value["@id"].startswith(RELATIVE)
        said |= {"@id": value["@id"]} if is_kept else {}
    return said | ({"@type": list(map(clean, value["@type"]))} if "@type" in value else {}) or None


def _local(iri: str) -> str:
    """The last part of a name: what is a link or HTML is told by that."""
    return re.split("[#/:]", iri)[-1]


def unsaid(sent: Any, back: Any) -> list[str]:
    """The properties of a node that the other node does not have with the same values."""
    if not isinstance(sent, dict) or not isinstance(back, dict):
        return [] if sent == back else [f"{sent!r}"]
    return [
        name
        for name, values in sent.items()
        for each in (values if isinstance(values, list) else [values])
        if not any(unsaid(each, other) == [] for other in _several(back.get(name, [])))
    ]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def nodes(expanded: Any) -> dict[str, Any]:
    """The meaning of the activities of an expanded document, less their members that are ours."""
    (document,) = expanded
    items = document.get(AS + "items", [document])
    items = items[0].get("@list", items)
    activities = [{name: item[name] for name in item if name not in OURS} for item in items]
    return {
        item.get("@id", "tag:example.com,2026:activities/sent-0"): meaning(item)
        for item in activities
    }


MADE_HTML = {"form-content-plain", "form-content-markdown"}  # and `mediaType` says otherwise


@pytest.mark.parametrize(
    "path",
    [path for path in EXAMPLES if path.parent.name == "as2" and path.stem not in MADE_HTML],
    ids=lambda path: path.stem,
)
def test_what_was_sent_means_the_same_when_it_comes_back(path: Path, expand: Expand) -> None:
    sent = nodes(expand(json.loads(path.read_text(encoding="utf-8"))))
    back = nodes(expand(json.loads(path.with_suffix(".out.json").read_text(encoding="utf-8"))))

    assert set(sent) == set(back)
    assert [name for id, node in sent.items() for name in unsaid(node, back[id])] == []


@settings(max_examples=30)
@given(document=as2_documents)
def test_whatever_was_sent_means_the_same_when_it_comes_back(
    document: dict[str, Any], expand: Expand
) -> None:
    exchange = Exchange()
    exchange.send(document, "as2")
    assume("mediaType" not in json.dumps(document))
    try:
        sent = nodes(expand(document))
    except jsonld.JsonLdError:
        reject()  # it is none of this

    back = nodes(expand(exchange.only("as2")))

    assert [name for id, node in sent.items() for name in unsaid(node, back[id])] == []
