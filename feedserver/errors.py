"""The tree of errors that feedserver raises.

    FeedserverError
    ├── SettingsError        the settings are wrong; the message names the setting
    ├── StoreError           the store cannot be used
    │   ├── StoreBusy            another program holds it, and held it too long
    │   └── StoreVersionError    it was written by another version of feedserver
    ├── SourceError          a source cannot be read; the message names the source
    ├── MappingError         a record cannot be mapped; the message names the mapping's member
    ├── Elsewhere            what was asked for stands at another address
    ├── Outdated             what was selected is not there any more; select again
    └── RequestError         what was asked for or sent cannot be given or taken
        ├── InvalidRequest       400: it is malformed; `faults` lists everything wrong
        ├── Unauthorised         401: it needs a grant, and came with none that is known
        ├── Unsigned             401: it is not signed with the secret, or was too long ago
        ├── Forbidden            403: the grant does not let its bearer do this
        ├── NotFound             404: nothing has that name or id
        ├── NotAcceptable        406: no format that the reader accepts
        ├── Conflict             409: the id is recorded with other content
        ├── Gone                 410: it was deleted, or the log does not hold a cursor's version
        ├── Moved                412: there is a newer version than the one that was meant
        ├── TooLarge             413: the body is larger than what is taken
        ├── TooLong              414: the address is longer than every client can handle
        ├── UnsupportedType      415: the body is in no format that is taken
        ├── InvalidActivity      422: it is no activity; `faults` lists everything wrong
        ├── TooManyRequests      429: the client asks too often without saying what it has
        └── NotYet               503: it can be asked again later

Every message is one line for a person: what is wrong, where, and what would be right.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class FeedserverError(Exception):
    """Anything that feedserver refuses or fails at, with a message for a person."""


class SettingsError(FeedserverError):
    """The settings cannot be used."""


class StoreError(FeedserverError):
    """The store cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another program holds the store, and held it for as long as was waited."""


class StoreVersionError(StoreError):
    """The store was written by another version of feedserver."""


class SourceError(FeedserverError):
    """A source cannot be read now."""


class MappingError(FeedserverError):
    """A record cannot be mapped; `record` shows it, short, where there is one to show."""

    def __init__(self, message: str, record: str = "") -> None:
        super().__init__(message)
        self.record = record


class Elsewhere(FeedserverError):
    """What was asked for stands at another address now."""

    def __init__(self, address: str) -> None:
        super().__init__(f"This stands at {address} now.")
        self.address = address


class Outdated(FeedserverError):
    """What was selected to be read has been redacted since."""


class RequestError(FeedserverError):
    """What was asked for cannot be given, or what was sent cannot be taken."""


class InvalidRequest(RequestError):
    """The request is malformed; `faults` holds one sentence for each thing that is wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


class Unauthorised(RequestError):
    """A grant is needed, and none that is known came with the request."""


class Unsigned(RequestError):
    """The signature that came with the request is not that of its body, or too old."""


class Forbidden(RequestError):
    """The grant that came with the request does not let its bearer do this."""


class NotFound(RequestError):
    """Nothing has the name or id that was asked for."""


class NotAcceptable(RequestError):
    """The reader accepts none of the formats that there are."""


class Conflict(RequestError):
    """The id is recorded already, with other content; nothing was changed."""


class Moved(RequestError):
    """There is a newer version than the one that the request is about; nothing was changed."""


class TooLarge(RequestError):
    """The body, or a line of it, is larger than what is taken."""


class UnsupportedType(RequestError):
    """The body is in no format that is taken; `known` are the media types that are."""

    def __init__(self, message: str, known: Sequence[str]) -> None:
        super().__init__(message)
        self.known = tuple(known)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a document: where, as a JSON Pointer (RFC 6901), and what."""

    pointer: str
    detail: str

    def __str__(self) -> str:
        if self.pointer:
            return f"{self.pointer} {self.detail}"
        return self.detail if self.detail[:1].isupper() else f"It {self.detail}"


class InvalidActivity(RequestError):
    """What was sent is no activity that can be recorded; `faults` are all that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(map(str, faults)))
        self.faults = tuple(faults)


class TooManyRequests(RequestError):
    """The client asks too often; after `seconds` it will be answered again."""

    def __init__(self, message: str, seconds: int = 60) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotYet(RequestError):
    """It cannot be done at this moment; the same request will be taken later."""


class TooLong(RequestError):
    """The address is longer than what can be repeated in links and headers."""


class Gone(RequestError):
    """It was deleted, or the log does not hold what a cursor stands on.

    `restart` is the address to go on from, where there is one.
    """

    def __init__(self, message: str, restart: str | None = None) -> None:
        super().__init__(message)
        self.restart = restart
