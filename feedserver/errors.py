"""The tree of errors that feedserver raises.

    FeedserverError
    ├── SettingsError        the settings are wrong; the message names the setting
    ├── StoreError           the store cannot be used
    │   └── StoreVersionError    it was written by another version of feedserver
    ├── SourceError          a source cannot be read; the message names the source
    └── RequestError         what a reader asked for cannot be given
        ├── InvalidRequest       400: it is malformed; `faults` lists everything wrong
        ├── NotFound             404: nothing has that name or id
        ├── NotAcceptable        406: no format that the reader accepts
        ├── Gone                 410: the log does not hold what the cursor stands on
        └── TooLong              414: the address is longer than every client can handle

Every message is one line for a person: what is wrong, where, and what would be right.
"""

from collections.abc import Sequence


class FeedserverError(Exception):
    """Anything that feedserver refuses or fails at, with a message for a person."""


class SettingsError(FeedserverError):
    """The settings cannot be used."""


class StoreError(FeedserverError):
    """The store cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The store was written by another version of feedserver."""


class SourceError(FeedserverError):
    """A source cannot be read now."""


class RequestError(FeedserverError):
    """What was asked for cannot be given."""


class InvalidRequest(RequestError):
    """The request is malformed; `faults` holds one sentence for each thing that is wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


class NotFound(RequestError):
    """Nothing has the name or id that was asked for."""


class NotAcceptable(RequestError):
    """The reader accepts none of the formats that there are."""


class TooLong(RequestError):
    """The address is longer than what can be repeated in links and headers."""


class Gone(RequestError):
    """The log does not hold what the cursor stands on; `restart` is the address to go on from."""

    def __init__(self, message: str, restart: str | None = None) -> None:
        super().__init__(message)
        self.restart = restart
