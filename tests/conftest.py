"""How laws are tried in all tests: by 30 examples each, by more with `make laws`."""

import gc
import os

from hypothesis import HealthCheck, settings

# Machines differ too much for a deadline. A law that fails prints how to try it again.
settings.register_profile(
    "feedserver",
    deadline=None,
    max_examples=int(os.environ.get("FEEDSERVER_EXAMPLES", "30")),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("feedserver")

gc.disable()  # while tests are collected: there are thousands, and all of them stay


def pytest_collection_finish() -> None:
    """From here on the tests themselves are looked through for garbage no more."""
    gc.freeze()
    gc.enable()
