"""How laws are tried in all tests: by 30 examples each, by more with `make laws`."""

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
