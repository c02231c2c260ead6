"""The application: every route on one page, and what holds for every answer."""

import logging
from collections.abc import Callable
from functools import partial
from time import perf_counter

from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import HTTPException

from feedserver.assembly import Server, static_folder
from feedserver.errors import FeedserverError
from feedserver.model.grant import masked
from feedserver.web import directory, errors, feeds, filters, health, publishing, service, writing
from feedserver.web.access import Access
from feedserver.web.bodies import Bodies
from feedserver.web.front import Front
from feedserver.web.hot import Hot
from feedserver.web.metrics import Metrics
from feedserver.web.pages import Pages
from feedserver.web.polls import Polls
from feedserver.web.prefix import Prefix

access_log = logging.getLogger("feedserver.access")

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # noqa: E501


def create_app(
    server: Server,
    worker: health.Worker | None = None,
    noticed: Callable[[], None] | None = None,
) -> Flask:
    """The WSGI application of that server; `worker` polls its sources, if this process does.

    `noticed` is called after something was recorded here; else the index catches up at once.
    """
    app = Flask(__name__, static_folder=str(static_folder()), static_url_path="/static")
    # A name may begin with a slash, or hold two: it is taken as it is, and nobody is redirected.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions["feedserver"] = server
    access = Access(server.grants, server.settings.reading, server.reading.base_url)
    metrics = Metrics(server, worker)
    pages, bodies, polls = Pages(server), Bodies(), Polls(server.settings.max_polls)
    admits = access.admits if server.settings.reading == "private" else None
    hot = Hot(server.log, server.index, bodies, polls, admits, server.clock, metrics.polled)
    reader = feeds.FeedViews(server, pages, bodies, polls)
    names = directory.DirectoryViews(server, pages, bodies)
    writer = writing.WritingViews(server, access, metrics.wrote, noticed)
    publisher = publishing.PublishingViews(server, access, metrics.wrote, noticed)
    found = service.ServiceViews(server, bodies)
    state = health.HealthViews(server, access, worker)

    app.add_url_rule("/", "stream", reader.stream)
    app.add_url_rule("/all", "all", reader.everything)
    app.add_url_rule("/all.<extension>", "all.extension", reader.everything)
    app.add_url_rule(
        "/<any(queues, products, tags, actors, customers):collection>/<path:name>",
        "named",
        reader.named,
    )
    app.add_url_rule("/activities", "post", writer.post, methods=["POST"])
    app.add_url_rule("/all", "post.all", writer.post_to_feed, methods=["POST"])
    app.add_url_rule(
        "/all.<extension>", "post.all.extension", writer.post_to_feed, methods=["POST"]
    )
    app.add_url_rule(
        "/<any(queues, products, tags):collection>/<path:name>",
        "post.named",
        writer.post_to_feed,
        methods=["POST"],
    )
    app.add_url_rule("/sources/<name>/publish", "publish", publisher.publish, methods=["POST"])
    app.add_url_rule("/activities/<path:id>", "activity", reader.activity)
    app.add_url_rule("/activities/<path:id>", "change", writer.change, methods=["PUT"])
    app.add_url_rule("/activities/<path:id>", "delete", writer.delete, methods=["DELETE"])
    app.add_url_rule("/service", "service", found.service)
    app.add_url_rule(
        "/categories/<any(queues, products, tags):collection>", "categories", found.categories
    )
    app.add_url_rule("/feeds", "feeds", names.everything)
    app.add_url_rule("/feeds.json", "feeds.json", names.as_json)
    app.add_url_rule("/feeds.opml", "feeds.opml", names.as_opml)
    app.add_url_rule("/filters", "filters", filters.FilterViews(server, bodies).filters)
    app.add_url_rule(
        "/<any(queues, products, tags, actors, customers):collection>",
        "names",
        names.of_collection,
    )
    app.add_url_rule("/healthz", "healthz", state.healthz)
    app.add_url_rule("/readyz", "readyz", state.readyz)
    app.add_url_rule("/metrics", "metrics", metrics.metrics)

    answer = errors.ErrorViews(pages, metrics.refused)
    app.register_error_handler(FeedserverError, answer.known)
    app.register_error_handler(HTTPException, answer.http)
    app.register_error_handler(Exception, answer.unexpected)
    app.before_request(_start)
    app.before_request(access.check)
    app.after_request(access.keep_private)
    app.after_request(partial(_finish, metrics))
    if pages.prefix:
        # Where the prefix alone is an address of ours, that is told by a proxy that strips it.
        is_ours = app.url_map.bind("").test(pages.prefix, "GET")
        app.wsgi_app = Prefix(  # type: ignore[method-assign]
            app.wsgi_app, pages.prefix, pages.prefix if is_ours else "/"
        )
    app.wsgi_app = Front(app.wsgi_app, hot)  # type: ignore[method-assign]
    return app


def _start() -> None:
    g.started = perf_counter()


def _finish(metrics: Metrics, response: Response) -> Response:
    # Each look through a proxy of Flask's takes 0.7 µs, which counts where an answer takes 140.
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]
    noted = g._get_current_object()
    seconds = perf_counter() - noted.started
    metrics.answered(asked, noted.get("format"), response.status_code, seconds)
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype == "text/html":
        headers["Content-Security-Policy"] = _POLICY
    access_log.info(
        "%s %s %s %d %s %.1fms",
        asked.remote_addr,
        asked.method,
        masked(feeds.target()),
        response.status_code,
        response.content_length or 0,
        seconds * 1000,
    )
    return response
