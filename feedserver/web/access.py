"""Access: the grant with which a request came, and whether it is enough."""

from base64 import b64decode
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Response, request

from feedserver.errors import Forbidden, StoreError, Unauthorised
from feedserver.model.grant import Grant
from feedserver.services.granting import Granting

CHALLENGES = ('Basic realm="feedserver", charset="UTF-8"', 'Bearer realm="feedserver"')
"""What a 401 tells of the ways to send a token (RFC 7617, RFC 6750)."""

_HOW = "send it as `Authorization: Bearer TOKEN`, or as the password, with any user name."
_READING = (
    "This server is private. Ask its administrator for a token (`feedserver grant add LABEL`); "
    + _HOW
)
_WRITING = (
    "Writing needs a grant. Ask this server's administrator for a token "
    "(`feedserver grant add --write LABEL`); " + _HOW
)
_KNOWN = "This tells who you are by the token of a grant; " + _HOW
_FOR_ALL = ("healthz", "readyz", "static")  # readyz itself tells strangers less
_ELSEWHERE = ("cross-site", "same-site")  # Sec-Fetch-Site, of a page that is not ours


class Access:
    """Who may read and who may write. `reading` is the setting: `open` or `private`."""

    def __init__(self, granting: Granting, reading: str, base_url: str) -> None:
        self._granting = granting
        self._home = urlsplit(base_url).netloc
        self._is_private = reading == "private"
        self._for_all = {*_FOR_ALL}

    def reader(self) -> Grant | None:
        """The grant of who reads, None where everyone may; raises Unauthorised and StoreError."""
        if not self._is_private:
            return None
        grant = self._grant()
        if grant is None:
            raise _unauthorised(_READING if request.method in ("GET", "HEAD") else _WRITING)
        return grant

    def writer(self) -> Grant:
        """The grant of who writes.

        Raises Unauthorised where none that is known came, Forbidden where it may only read or a
        page of another site makes a browser send it, and StoreError.
        """
        if request.headers.get("Sec-Fetch-Site") in _ELSEWHERE or _is_elsewhere(self._home):
            raise Forbidden(
                "A page of another site made your browser send this, with what the browser knows "
                "of you. Send it from a program of yours."
            )
        grant = self._grant()
        if grant is None:
            raise _unauthorised(_WRITING)
        if not grant.can_write:
            raise Forbidden(
                f"The grant {grant.label} may only read. Ask for one that may write "
                "(`feedserver grant add --write LABEL`)."
            )
        return grant

    def caller(self) -> Grant | None:
        """The grant with which a request came, None where none that is known did.

        Raises StoreError.
        """
        return self._grant()

    def known(self) -> Grant:
        """The grant with which a request came, whatever it allows; raises Unauthorised, StoreError.

        For what tells of the grant itself, also where everyone may read.
        """
        grant = self._grant()
        if grant is None:
            raise _unauthorised(_KNOWN)
        return grant

    def writes(self, credentials: str | None) -> Grant | None:
        """The grant of who comes with that `Authorization`, None where it may not write.

        Raises StoreError.
        """
        grant = self._bearer(credentials)
        return grant if grant is not None and grant.can_write else None

    def may_read(self) -> bool:
        """Whether who asks may read; nobody may where it cannot be known."""
        return self.admits(request.headers.get("Authorization"))

    def admits(self, credentials: str | None) -> bool:
        """Whether who comes with that `Authorization` may read; nobody where it is not known."""
        try:
            return not self._is_private or self._bearer(credentials) is not None
        except StoreError:
            return False

    def label(self, credentials: str | None) -> str:
        """What the grant of who comes with that `Authorization` is called, for people to read."""
        try:
            grant = self._bearer(credentials)
        except StoreError:
            grant = None
        return "a reader whose grant is not known" if grant is None else grant.label

    def leave_to(self, *endpoints: str) -> None:
        """Let strangers reach those endpoints, which ask in a way of their own who comes."""
        self._for_all.update(endpoints)

    def check(self) -> None:
        """Before each request: raises Unauthorised where a private server is asked by a stranger.

        It holds for every address but those that are for all, also for those that lead nowhere.
        """
        if request.endpoint not in self._for_all:
            self.reader()

    def keep_private(self, response: Response) -> Response:
        """After each request: what a private server told one reader is kept by no shared cache.

        Every grant reads the same, so that who has one may keep it, and nothing varies by it. A
        search engine that was given a token must not show what it read either.
        """
        if self._is_private and request.endpoint not in self._for_all:
            response.cache_control.private = True
            response.headers["X-Robots-Tag"] = "noindex"
        return response

    def kept_private(self, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers with what `keep_private` adds; they have a `Cache-Control`."""
        if not self._is_private:
            return list(headers)
        kept = ((name, value, ", private" * (name == "Cache-Control")) for name, value in headers)
        return [*((name, value + more) for name, value, more in kept), ("X-Robots-Tag", "noindex")]

    def _grant(self) -> Grant | None:
        return self._bearer(request.headers.get("Authorization"))

    def _bearer(self, credentials: str | None) -> Grant | None:
        token = _token(credentials or "")
        return self._granting.bearer(token) if token else None


def _unauthorised(needed: str) -> Unauthorised:
    if "Authorization" not in request.headers:
        return Unauthorised(needed)
    return Unauthorised(
        "The token that came is of no grant in force: it is mistyped, or revoked. " + needed
    )


def _is_elsewhere(home: str) -> bool:
    """Whether a page of another site asks; browsers tell that to plain HTTP by `Origin` alone."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc not in (request.host, home)


def _token(header: str) -> str:
    """The token in an `Authorization` header, nothing where it is malformed or of another kind."""
    scheme, _, credentials = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        # A token is ASCII, and the name beside it may be in any encoding: nothing is refused.
        name, _, password = b64decode(credentials.strip()).decode("latin-1").partition(":")
    except ValueError:
        return ""
    return password or name  # many readers have one field for an API key: they send no password
