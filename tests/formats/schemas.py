"""Schemas that others have published, where they are there, and what is valid by them."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
}
_KNOWN = {"$ref", "allOf", "anyOf", "enum", "type", "required", "minProperties"} | {
    *("properties", "patternProperties", "additionalProperties", "items"),
    *("$schema", "title", "description", "format", "definitions"),  # which ask for nothing
}


def published(name: str) -> Path:
    """The file of that name; skips the test where nobody has said where it is."""
    data = os.environ.get("FEEDSERVER_TEST_DATA")
    path = Path(data or "/nowhere") / ".." / "schemas" / name
    if not path.is_file():
        pytest.skip(f"FEEDSERVER_TEST_DATA names no folder with ../schemas/{name}")
    return path


def invalid(value: Any, schema: Any, root: Any = None, place: str = "") -> list[str]:
    """The places of the value that are not as the JSON Schema asks, as JSON Pointers.

    It knows the keywords that the schema of JSON Feed has, and fails at any other.
    """
    root = root or schema
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        assert schema["$ref"].startswith("#/definitions/")
        return invalid(value, root["definitions"][schema["$ref"].rpartition("/")[2]], root, place)
    kind = schema.get("type")
    is_wrong = (
        (kind is not None and not isinstance(value, _TYPES[kind]))
        or ("enum" in schema and value not in schema["enum"])
        or (isinstance(value, dict) and len(value) < schema.get("minProperties", 0))
        or any(name not in value for name in schema.get("required", []))
        or ("anyOf" in schema and all(invalid(value, each, root) for each in schema["anyOf"]))
    )
    found = [place or "/"] if is_wrong else []
    for each in schema.get("allOf", []):
        found += invalid(value, each, root, place)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            found += invalid(item, schema["items"], root, f"{place}/{number}")
    if isinstance(value, dict):
        for name, member in value.items():
            asked = [*_schemas(name, schema)]
            if not asked and schema.get("additionalProperties") is False:
                found.append(f"{place}/{name}")
            for each in asked:
                found += invalid(member, each, root, f"{place}/{name}")
    return found


def _schemas(name: str, schema: Any) -> list[Any]:
    """What the schema asks of the member of that name."""
    patterns = schema.get("patternProperties", {})
    own = [schema["properties"][name]] if name in schema.get("properties", {}) else []
    return own + [each for pattern, each in patterns.items() if re.search(pattern, name)]


def json_feed_schema() -> Any:
    """The schema of JSON Feed 1.1."""
    return json.loads(published("schema-v1.1.json").read_text(encoding="utf-8"))
