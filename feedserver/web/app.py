"""The application: every route on one page, and what holds for every answer."""

import logging
from time import perf_counter

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from feedserver.assembly import Server, static_folder
from feedserver.errors import FeedserverError
from feedserver.web import directory, errors, feeds, health
from feedserver.web.bodies import Bodies
from feedserver.web.pages import Pages

access = logging.getLogger("feedserver.access")

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # noqa: E501


def create_app(server: Server, worker: health.Worker | None = None) -> Flask:
    """The WSGI application of that server; `worker` polls its sources, if this process does."""
    app = Flask(__name__, static_folder=str(static_folder()), static_url_path="/static")
    # A name may begin with a slash, or hold two: it is taken as it is, and nobody is redirected.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions["feedserver"] = server
    pages = Pages(server)
    reader = feeds.FeedViews(server, pages, Bodies())
    names = directory.DirectoryViews(server, pages)
    state = health.HealthViews(server, worker)

    app.add_url_rule("/", "stream", reader.stream)
    app.add_url_rule("/all", "all", reader.everything)
    app.add_url_rule("/all.<extension>", "all.extension", reader.everything)
    app.add_url_rule(
        "/<any(queues, products, tags, actors, customers):collection>/<path:name>",
        "named",
        reader.named,
    )
    app.add_url_rule("/activities/<path:id>", "activity", reader.activity)
    app.add_url_rule("/feeds", "feeds", names.everything)
    app.add_url_rule("/feeds.json", "feeds.json", names.as_json)
    app.add_url_rule(
        "/<any(queues, products, tags, actors, customers):collection>",
        "names",
        names.of_collection,
    )
    app.add_url_rule("/healthz", "healthz", state.healthz)
    app.add_url_rule("/readyz", "readyz", state.readyz)

    answer = errors.ErrorViews(pages)
    app.register_error_handler(FeedserverError, answer.known)
    app.register_error_handler(HTTPException, answer.http)
    app.register_error_handler(Exception, answer.unexpected)
    app.before_request(_start)
    app.after_request(_finish)
    return app


def _start() -> None:
    g.started = perf_counter()


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype == "text/html":
        headers["Content-Security-Policy"] = _POLICY
    milliseconds = (perf_counter() - g.started) * 1000
    access.info(
        "%s %s %s %d %s %.1fms",
        request.remote_addr,
        request.method,
        feeds.target(),
        response.status_code,
        response.content_length or 0,
        milliseconds,
    )
    return response
