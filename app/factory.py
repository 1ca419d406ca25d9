"""`create_app(deps) -> Dash`: the dashboard put together. Starts nothing, reads nothing, may be called many times.

How to add a page is written in `app/views.py`.
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dash
from dash import Dash
from flask import Flask, Response, g

from app import (
    addresses,
    api,
    checks_route,
    display_zone,
    engines,
    export_route,
    feed_route,
    journal_route,
    log_route,
    security,
    statement_route,
)
from app.asset_urls import name_builds
from app.callbacks import (
    alerts,
    charts,
    health,
    journal,
    lab,
    lines,
    lists,
    overview,
    scanners,
    settings,
    symbol,
)
from app.callbacks import shell as shell_callbacks
from app.deps import AppDeps
from app.engines import ChosenState
from app.feed import Feed
from app.journal_book import JournalBook
from app.journal_desk import JournalDesk
from app.login import routes as login_routes
from app.login.gate import Visitor
from app.metrics import route as metrics_route
from app.metrics.meters import Meters
from app.shell import shell
from app.views import PAGES

log = logging.getLogger("qtrade.web")
ROOT = Path(__file__).resolve().parent.parent
STYLES = ("/assets/vendor/bootstrap.min.css", "/assets/vendor/bootstrap-icons.min.css")  # before our own

# Dash's renderer is started by assets/qtrade.mjs, once the modules that its first callbacks need are there.
NOT_STARTED = """
window.setTimeout(function () {
  var loading = document.querySelector("._dash-loading");
  if (loading && !window.renderer) {
    loading.textContent = "A script of this page did not load. Reload the page; is QTrade still running?";
  }
}, 10000);
"""
mimetypes.add_type("text/javascript", ".mjs")  # Windows' registry may not know it, and the browser is told nosniff


def create_app(deps: AppDeps) -> Dash:
    """The Dash application on `deps`; its Flask server is `.server`."""
    _forget_pages()
    app = Dash(
        "app",
        pages_folder=str(ROOT / "app" / "pages"),
        assets_folder=str(ROOT / "assets"),
        # Imported by assets/qtrade.mjs: loaded twice they would exist twice. The login page loads its own.
        assets_path_ignore=["^core$", "^login$", "^pages$", "^vendor$"],
        use_pages=True,
        external_stylesheets=list(STYLES),
        title="QTrade",
        update_title=None,  # type: ignore[arg-type]  # None = leave the title alone; the hint forgot it
        suppress_callback_exceptions=False,
        serve_locally=True,
        enable_mcp=False,
        on_error=_log_error,
        include_pages_meta=False,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "only light"},
        ],
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    app.renderer = NOT_STARTED
    app.enable_dev_tools(debug=False, dev_tools_hot_reload=False)
    server: Flask = app.server
    paths = frozenset(page["path"] for page in dash.page_registry.values())
    app.layout = shell(paths, deps.build_id, deps.poll_ms)
    _add_pulse_headers(server, deps)
    display_zone.register(server)
    choice_now = deps.state.choice if isinstance(deps.state, ChosenState) else None
    feed = Feed(deps.state, deps.clock.wall, symbol.polled(PAGES, deps), deps.build_id, deps.version, choice_now)
    meters = Meters()
    feed_route.register(server, feed, deps.build_id, meters)
    metrics_route.register(server, deps, meters)
    export_route.register(server, deps)
    shell_callbacks.register(app, deps)
    overview.register(app, deps)
    lines.register(app, deps)
    lists.register(app, deps)
    charts.register(app, deps)
    symbol.register(app, deps)
    health.register(app, deps)
    scanners.register(app, deps)
    book = JournalBook(deps.journal)
    desk = JournalDesk(deps, book)
    journal.register(app, deps, desk)
    journal_route.register(server, desk, deps.build_id)
    lab.register(app, deps)
    settings.register(app, deps)
    alerts.register(app, deps)
    statement_route.register(server, deps)
    log_route.register(server, deps)
    checks_route.register(server, deps)
    api.register(server, deps, book)
    web = deps.config.web
    login_routes.register(server, deps.login, web.port)
    hosts = security.trusted_hosts(web.host, web.trusted_hosts)
    security.protect(app, hosts, deps.rates, deps.login, web.port)
    addresses.guard(server)
    name_builds(app, deps.build_id)
    if isinstance(deps.state, ChosenState):
        engines.guard(server, deps.state)
    _finish_set_up(app)
    return app


def _log_error(error: Exception) -> Any:
    """A callback failed: the page keeps what it shows (204), the log has the traceback."""
    log.error("A callback failed: %s", error, exc_info=error)
    return dash.no_update


def _finish_set_up(app: Dash) -> None:
    """Dash ends its set-up within the first request, and lets a second one through meanwhile: be the first here.

    Else a browser and a script that come at once could fix a content policy that lacks the pages' own script.
    """
    everything: Callable[[], dict[str, Any]] = app._config

    def told() -> dict[str, Any]:
        """What a page tells Dash's renderer: not the layouts of all pages, half a megabyte, so that each browser checks
        the names of all callbacks again. A test does that.
        """
        said = everything()
        said.pop("validation_layout", None)
        return {**said, "suppress_callback_exceptions": True}

    app._config = told  # type: ignore[method-assign]
    app.server.test_client().get("/")
    app.validation_layout = None


def _forget_pages() -> None:
    """Dash keeps its pages in a module-wide registry; a second app in one process must not meet the first one's."""
    dash.page_registry.clear()


def _add_pulse_headers(server: Flask, deps: AppDeps) -> None:
    """Each answer of the poll, the empty one too, carries the time, the age of the engine's heartbeat, the build."""

    @server.after_request
    def add(response: Response) -> Response:
        pulse: tuple[float, float | None, int | None] | None = g.get("pulse")
        if pulse is not None:
            response.headers["X-QT-Now"] = f"{pulse[0]:.3f}"
            response.headers["X-QT-Build"] = deps.build_id
            if pulse[1] is not None:
                response.headers["X-QT-Beat"] = f"{pulse[1]:.3f}"
            if pulse[2] is not None:
                response.headers["X-QT-Snapshot"] = str(pulse[2])
            if g.get("visitor") is Visitor.SESSION:
                response.headers["X-QT-Session"] = "1"
        return response
