"""The application for any WSGI server, `wsgi:app`; `feedserver worker` polls beside it."""

from feedserver.assembly import assemble
from feedserver.logs import configure_logging
from feedserver.settings import load_settings
from feedserver.web.app import create_app

configure_logging(access=True)
app = create_app(assemble(load_settings()))
