"""Miniflux, a reader for a team behind a firewall."""

import hashlib
from datetime import datetime

from tests.readers.polling import Ask, entries

_ACCEPT = (
    "application/xml, application/atom+xml, application/rss+xml, application/rdf+xml, "
    "application/feed+json, text/html, */*;q=0.9"
)


class Miniflux:
    """Tells each id once, which it keeps as a hash.

    It sends both validators, but for a feed with `Expires: 0`. Older releases take an answer whose
    `Last-Modified` they have had for the one they have, whatever its ETag; so does this one.
    """

    address = "/all?limit=20"
    interval = 3600.0
    tells_edits = False

    def __init__(self) -> None:
        self._hashes: set[str] | None = None
        self._etag = ""
        self._modified = ""

    def poll(self, ask: Ask, now: datetime) -> list[str]:
        validators = {"If-None-Match": self._etag, "If-Modified-Since": self._modified}
        headers = {name: value for name, value in validators.items() if value}
        answer = ask(self.address, {"Accept": _ACCEPT, **headers})
        is_kept = answer.headers.get("Expires") != "0"
        etag = answer.headers.get("ETag", "") if is_kept else ""
        modified = answer.headers.get("Last-Modified", "") if is_kept else ""
        has_had = (etag and etag == self._etag) or (modified and modified == self._modified)
        if answer.status_code == 304 or has_had:
            return []
        assert answer.status_code == 200, answer.status
        assert answer.mimetype == "application/atom+xml"
        self._etag, self._modified = etag, modified
        known = self._hashes or set()
        ids = {hashlib.sha256(e.id.encode()).hexdigest(): e.id for e in entries(answer.data)}
        is_first = self._hashes is None
        self._hashes = known | ids.keys()
        return [] if is_first else [id for hash, id in ids.items() if hash not in known]
