"""The terms by which JSON documents carry what Activity Streams has no member for."""

from typing import Any

AS2_CONTEXT = "https://www.w3.org/ns/activitystreams"
PREFIX = "fs"
"""What our namespace is called in the documents that we write."""

PREFIXES = frozenset({PREFIX, "as", "ldp", "vcard", "xsd"})
"""What a colon makes a compact IRI of in those documents: our prefixes and those of AS2."""

ACTIVITY_TERMS: dict[str, Any] = {
    "queue": {"@id": "fs:queue", "@container": "@set"},
    "product": {"@id": "fs:product", "@container": "@list"},
    "revision": {"@id": "fs:revision", "@container": "@list"},
    "tags": {"@id": "fs:tags", "@container": "@set"},
    "customer": "fs:customer",
    "sourceName": "fs:sourceName",
    "crmVerb": "fs:crmVerb",
    "crmCode": "fs:crmCode",
    "crmCodeName": "fs:crmCodeName",
    "occurred": {"@id": "fs:occurred", "@type": "xsd:dateTime"},
    "recorded": {"@id": "fs:recorded", "@type": "xsd:dateTime"},
    "silent": {"@id": "fs:silent", "@type": "xsd:boolean"},
    "left": {"@id": "fs:left", "@type": "xsd:boolean"},
}
"""The terms of an activity, as a JSON-LD context defines them.

`silent` is said by who sends a new version that nobody shall be told of, `left` by us of an
activity that is in a feed no more but elsewhere still.

The revision at some place of its list is that of the product at the same place, an empty text
where that product has none.
"""

OBJECT_TERMS: dict[str, Any] = {
    "number": "fs:number",
    "login": "fs:login",
    "crmType": "fs:crmType",
}
"""The terms of an object; `crmType` is used by AS1 alone, AS2 has several types."""

TERMS = ACTIVITY_TERMS | OBJECT_TERMS
"""All terms; they stand in each AS2 document, so nobody has to fetch a context."""
