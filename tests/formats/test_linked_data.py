"""JSON-LD: a document of ours says what it means, and what others said keeps its meaning."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, reject
from pyld import jsonld

from feedserver.markup import sanitised
from feedserver.model.extension import AS2_CONTEXT, TERMS
from feedserver.model.iris import is_link
from feedserver.model.text import clean, one_line
from feedserver.parsers.members import is_id
from tests.builders import AUTHORITY
from tests.formats.documents import HTML, as2_documents
from tests.formats.exchange import Exchange
from tests.formats.golden import FOLDER
from tests.formats.schemas import published
from tests.formats.test_spec_examples import EXAMPLES

Expand = Callable[[Any], Any]
AS = AS2_CONTEXT + "#"
OWN = f"tag:{AUTHORITY}:ns#"
OURS = {AS + "published", AS + "updated"}
HIDDEN = {AS + "bto", AS + "bcc", "@type", "@id", *(OWN + term for term in TERMS)}
RELATIVE = "http://relative.invalid/"
LINKS = {"url", "href", "src", "uri", "link", "icon", "image", "fullImage", "stream", "preview"}


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    """How documents are expanded: no context is fetched but that of Activity Streams."""
    context = json.loads(published("activitystreams.jsonld").read_text(encoding="utf-8"))

    def load(url: str, _options: Any) -> Any:
        name = url.replace("http:", "https:").rstrip("#").removesuffix(".jsonld")
        assert name == AS2_CONTEXT, "it is fetched from us"
        return {"contextUrl": None, "documentUrl": url, "document": context}

    return {"documentLoader": load, "base": RELATIVE}


@pytest.fixture(scope="module")
def expand(options: dict[str, Any]) -> Expand:
    """Expands what is sent: who sends no context means that of Activity Streams, and ours."""
    around = [AS2_CONTEXT, {"fs": OWN, **{term: OWN + term for term in TERMS}}]
    return partial(jsonld.expand, options=options | {"expandContext": around})


def lost(written: Any, expanded: Any, place: str = "") -> list[str]:
    """The members of a document of ours, however deep, that its expansion does not have."""
    found = []
    for name, value in written.items():
        if name == "@context":
            continue
        values = value if isinstance(value, list) else [value]
        if name in ("id", "type"):
            said = [{"@id": each} for each in _several(expanded[f"@{name}"])]
            values = [value] if name == "id" else list(map(_iri_of_type, values))
        else:
            said = expanded.get(_iri_of(name), [])
            said = said[0]["@list"] if said and "@list" in said[0] else said
        if len(said) != len(values):
            found.append(f"{place}/{name}")
        for each, node in zip(values, said, strict=False):
            if isinstance(each, dict):
                found += lost(each, node, f"{place}/{name}")
            elif node.get("@value", node.get("@id")) != each:
                found.append(f"{place}/{name}: {each}")
    return found


def _iri_of(name: str) -> str:
    return (OWN if name in TERMS else AS) + {"orderedItems": "items"}.get(name, name)


def _iri_of_type(kind: str) -> str:
    return OWN + kind.removeprefix("fs:") if kind.startswith("fs:") else AS + kind


@pytest.mark.parametrize("path", sorted(FOLDER.glob("json/*")), ids=lambda path: path.stem)
def test_a_document_of_ours_expands_without_loss(path: Path, options: dict[str, Any]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))

    (expanded,) = jsonld.expand(document, options)

    assert lost(document, expanded) == []
    assert expanded["@type"] == [AS + document["type"]]


def scalars(value: Any) -> list[str]:
    """Every value of a document or of its expansion, the names of its members left out."""
    if isinstance(value, list):
        return [each for inner in value for each in scalars(inner)]
    if not isinstance(value, dict):
        return [str(value).removeprefix("_:")]
    if "@value" in value:
        return scalars(value["@value"])
    return [each for inner in value.values() for each in scalars(inner)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("as1/*")), ids=lambda path: path.stem)
def test_a_document_of_1_expands_without_loss_by_the_context_for_it(
    path: Path, options: dict[str, Any]
) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    context = json.loads(published("activitystreams1-context.jsonld").read_text(encoding="utf-8"))

    expanded = jsonld.expand(context | document, options)

    assert sorted(scalars(expanded)) == sorted(scalars(document))


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
