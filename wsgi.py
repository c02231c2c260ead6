"""The application for any WSGI server, `wsgi:app`; `feedserver worker` polls beside it."""

import atexit

from feedserver.assembly import assemble, migrate_store
from feedserver.logs import configure_logging
from feedserver.settings import load_settings
from feedserver.web.app import create_app

configure_logging(access=True)
settings = load_settings()
migrate_store(settings)
server = assemble(settings)
server.start_snapshots()
atexit.register(server.close)
app = create_app(server)
