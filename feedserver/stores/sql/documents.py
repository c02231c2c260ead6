"""Drafts as the JSON documents that the store keeps."""

import msgspec

from feedserver.model.activity import Draft

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Draft)


def encode(draft: Draft) -> bytes:
    """The draft as JSON, members in the order of its definition."""
    return _encoder.encode(draft)


def decode(document: bytes) -> Draft:
    """The draft of such a document."""
    return _decoder.decode(document)
