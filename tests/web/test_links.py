"""The `Link` field (RFC 8288): in every format the links of the document, in JSON too."""

from typing import Any

import pytest
from lxml import etree

from tests.web.conftest import BASE, Site
from tests.web.test_archives import links

ATOM_LINK = "{http://www.w3.org/2005/Atom}link"


def told(extension: str, answer: Any) -> dict[str, str]:
    """The links that the document has a place for, by the relations of the field."""
    if extension in ("atom", "rss"):
        found = {
            link.get("rel"): link.get("href")
            for link in etree.fromstring(answer.body).iter(ATOM_LINK)
            if link.getparent().tag.endswith(("feed", "channel"))
        }
        return {"prev" if rel == "previous" else rel: href for rel, href in found.items()}
    document = answer.json
    if extension == "as1":
        assert (document["prev"], document["next"]) == tuple(
            link["href"] for link in document["links"] if link["rel"] in ("prev", "next")
        )
        return {link["rel"]: link["href"] for link in document["links"]}
    if extension == "json":
        return {"self": document["id"]} | {rel: document[rel] for rel in ("first", "prev", "next")}
    return {"alternate": document["home_page_url"], "next": document["next_url"]}


@pytest.mark.parametrize("extension", ["atom", "rss", "json", "as1", "jsonfeed"])
def test_the_field_has_the_links_of_the_document(site: Site, extension: str) -> None:
    site.record_some(5)
    first = site.get(f"/all.{extension}?limit=2")

    second = site.get(links(first)["next"])

    header = links(second)
    assert set(header) == {"self", "first", "prev", "next", "alternate"}
    assert header["first"] == header["prev"] == f"{BASE}/all.{extension}?limit=2"
    assert told(extension, second).items() <= header.items()
    assert site.get(header["prev"]).body == first.body
