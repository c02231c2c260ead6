"""The application: every route on one page, and what holds for every answer."""

from collections.abc import Callable

from flask import Flask
from werkzeug.exceptions import HTTPException

from feedserver.assembly import Server, static_folder
from feedserver.errors import FeedserverError
from feedserver.web import (
    directory,
    errors,
    feeds,
    filters,
    health,
    hooks,
    publishing,
    service,
    writing,
)
from feedserver.web.access import Access
from feedserver.web.bodies import Bodies
from feedserver.web.compat.socialcast.routes import add_socialcast
from feedserver.web.finishing import Finishing
from feedserver.web.front import Front
from feedserver.web.hot import Hot
from feedserver.web.metrics import Metrics
from feedserver.web.pages import Pages
from feedserver.web.polls import Polls
from feedserver.web.posting import Posting
from feedserver.web.prefix import Prefix
from feedserver.web.risk import Gaps


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
    is_private = server.settings.reading == "private"
    gaps = Gaps(server.index, access.label if is_private else None, server.clock)
    metrics = Metrics(server, worker, gaps)
    pages, bodies, polls = Pages(server), Bodies(), Polls(server.settings.max_polls)
    admits = access.admits if is_private else None
    hot = Hot(server.log, server.index, bodies, polls, admits, server.clock, metrics.polled, gaps)
    reader = feeds.FeedViews(server, pages, bodies, polls, gaps)
    names = directory.DirectoryViews(server, pages, bodies)
    writer = writing.WritingViews(server, access, metrics.wrote, noticed)
    publisher = publishing.PublishingViews(server, access, metrics.wrote, noticed)
    hook = hooks.HookViews(server, metrics.wrote, noticed)
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
    app.add_url_rule("/hooks/<name>/<path:secret>", "deliver", hook.deliver, methods=["POST"])
    app.add_url_rule("/hooks/<name>", "deliver.signed", hook.deliver_signed, methods=["POST"])
    access.leave_to("deliver", "deliver.signed")
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
    add_socialcast(app, server, access, pages, metrics, gaps, noticed)

    answer, finishing = errors.ErrorViews(pages, metrics.refused), Finishing(access, metrics)
    app.register_error_handler(FeedserverError, answer.known)
    app.register_error_handler(HTTPException, answer.http)
    app.register_error_handler(Exception, answer.unexpected)
    app.before_request(finishing.start)
    app.before_request(access.check)
    app.after_request(access.keep_private)
    app.after_request(finishing.finish)
    if pages.prefix:
        # Where the prefix alone is an address of ours, that is told by a proxy that strips it.
        is_ours = app.url_map.bind("").test(pages.prefix, "GET")
        app.wsgi_app = Prefix(  # type: ignore[method-assign]
            app.wsgi_app, pages.prefix, pages.prefix if is_ours else "/"
        )
    posting = Posting(server, access, finishing, metrics.wrote, noticed or server.index.notice)
    app.wsgi_app = Front(app.wsgi_app, hot, posting)  # type: ignore[method-assign]
    return app
