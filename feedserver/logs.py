"""How the log of the process is written."""

import logging
import sys


def configure_logging(access: bool = False) -> None:
    """Write warnings and what is worth knowing to standard error, a line each.

    With `access`, one line for each request too.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    logging.getLogger("feedserver.access").setLevel(logging.INFO if access else logging.WARNING)
