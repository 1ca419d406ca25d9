"""Read-only JSON for scripts and checks: `/api/v1/...` and `/healthz`, stable, answering from the first second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request

from app import api_alerts, api_bars, api_fills, api_journal, api_lines, api_symbols, api_views
from app.deps import AppDeps
from app.journal_book import JournalBook, Kept
from app.journal_excursions import excursions
from app.login.gate import Visitor
from app.query import finite, whole
from app.snapshots import Snapshots, engine_state
from engine.domain import ALL_ACCOUNTS
from engine.journal.thinning import is_reset
from engine.portfolio.valuation import cents
from engine.storage.encodable import to_json

PNL_POINTS_MAX = 20_000
PNL_DEFAULT_S = 86_400.0
BOOK_WAIT_S = 30.0  # scripts wait for the journal's book


def register(server: Flask, deps: AppDeps, book: JournalBook | None = None) -> None:
    """Add the routes; each answers from one reading of the sections that it needs. `book` shared with the pages."""
    api = _Api(deps, book or JournalBook(deps.journal))
    for rule, view in (
        ("/healthz", api.healthz),
        ("/api/v1/status", api.status),
        ("/api/v1/positions", api.positions),
        ("/api/v1/lines", api.lines),
        ("/api/v1/signals", api.signals),
        ("/api/v1/pnl", api.pnl),
        ("/api/v1/fills", api.fills),
        ("/api/v1/journal/executions", api.journal_executions),
        ("/api/v1/journal/trips", api.journal_trips),
        ("/api/v1/journal/days", api.journal_days),
        ("/api/v1/journal/statistics", api.journal_statistics),
        ("/api/v1/journal/bookings", api.journal_bookings),
        ("/api/v1/incidents", api.incidents),
        ("/api/v1/alerts", api.alerts),
        ("/api/v1/snapshot/<path:symbol>", api.snapshot),
        ("/api/v1/bars/<path:symbol>", api.bars),
        # Without this one Dash answers unknown paths with its index page and 200.
        ("/api/", api.unknown),
        ("/api/<path:rest>", api.unknown),
    ):
        server.add_url_rule(rule, endpoint=f"api_{view.__name__}", view_func=view, methods=["GET"])


class _Api:
    """The views of one dashboard. Any thread."""

    def __init__(self, deps: AppDeps, book: JournalBook) -> None:
        self._deps = deps
        self._book = book

    def healthz(self) -> Response:
        """Who is not known where one has to log in hears how it is, and nothing else."""
        whole = api_views.healthz(self._read("heartbeat", "broker", "health"), self._deps)
        is_known = g.get("visitor") is not Visitor.NOBODY
        return _json(whole if is_known else {"app": whole["app"], "status": whole["status"]})

    def status(self) -> Response:
        s = self._read("heartbeat", "broker", "lines", "positions", "positions_all", "quotes", "scanners")
        return _json(api_views.status(s, self._deps))

    def positions(self) -> Response:
        s = self._read("broker", "positions", "positions_all")
        asked = request.args.get("account", "").strip()
        if not asked:
            return _json(api_views.positions(s, s.positions))
        account = self._account(asked, s)
        if account is None:
            return self._no_account(s)
        return _json(api_views.positions(s, s.positions_all or s.positions, account or None))

    def lines(self) -> Response:
        return _json(api_lines.lines(self._read("lines", "coverage"), self._deps))

    def signals(self) -> Response:
        return _json(api_views.signals(self._read("signals", "scanners")))

    def pnl(self) -> Response:
        since = _number("since", self._deps.clock.wall() - PNL_DEFAULT_S)
        if since is None:
            return _error(400, f"since is {_quoted('since')}; must be a time in epoch seconds, e.g. since=1762369980")
        s = self._read("broker", "pnl")
        asked = request.args.get("account", "").strip()
        account = self._account(asked, s) if asked else s.pnl.account if s.pnl else ""
        if account is None:
            return self._no_account(s)
        is_sum = asked and not account
        points = self._deps.journal.pnl(
            since, max_points=PNL_POINTS_MAX, account=ALL_ACCOUNTS if is_sum and _has_several(s) else account
        )
        return _json(
            [
                {
                    "t": point.t,
                    "unrealized": cents(point.unrealized),
                    "realized": None if is_reset(point) else cents(point.realized),
                    "daily": cents(point.daily),
                    "mode": point.mode,
                    "account": point.account or None,
                }
                for point in points
            ]
        )

    def fills(self) -> Response:
        now = self._deps.clock.wall()
        wanted = api_fills.asked(request.args.to_dict(), self._read("broker").market_time(now))
        if isinstance(wanted, str):
            return _error(400, wanted)
        return _json(api_fills.fills(self._deps.journal, wanted))

    def journal_executions(self) -> Response:
        return self._of_journal("executions", api_journal.executions)

    def journal_trips(self) -> Response:
        now = self._read("broker").market_time(self._deps.clock.wall())
        bars = self._deps.bars
        return self._of_journal(
            "trips",
            lambda kept, wanted: api_journal.trips(kept, wanted, lambda trips: excursions(bars, trips, now)),
        )

    def journal_days(self) -> Response:
        return self._of_journal("days", api_journal.days)

    def journal_statistics(self) -> Response:
        return self._of_journal("statistics", api_journal.figures)

    def journal_bookings(self) -> Response:
        return self._of_journal("bookings", api_journal.bookings)

    def _of_journal(self, what: str, answer: Callable[[Kept, api_journal.Asked], dict[str, Any] | str]) -> Response:
        wanted = api_journal.asked(what, request.args.to_dict())
        if isinstance(wanted, str):
            return _error(400, wanted)
        kept = self._book.kept(BOOK_WAIT_S)
        if kept.reading:
            return _error(503, f"{kept.reading} Ask again in a few seconds.")
        found = answer(kept, wanted)
        if isinstance(found, str):
            return _error(400, found)
        return _json({**found, "problem": self._book.problem or None})

    def incidents(self) -> Response:
        return _json(api_views.incidents(self._read("incidents")))

    def alerts(self) -> Response:
        after = _number("after", 0.0)
        if after is None or after != int(after):
            return _error(400, f"after is {_quoted('after')}; must be the id of an alert, e.g. after=1762369980123")
        return _json(api_alerts.alerts(self._read("alerts", "broker"), int(after)))

    def _account(self, asked: str, s: Snapshots) -> str | None:
        """The watched account that is meant; "" = all together, None = there is no such one."""
        if asked.lower() == ALL_ACCOUNTS:
            return ""
        return next((name for name in (s.broker.accounts if s.broker else ()) if name.upper() == asked.upper()), None)

    def _no_account(self, s: Snapshots) -> Response:
        names = ", ".join(s.broker.accounts if s.broker else ()) or "none yet"
        return _error(404, f"account is {_quoted('account')}; must be {ALL_ACCOUNTS} or one that is watched: {names}")

    def snapshot(self, symbol: str) -> Response:
        return self._of_one(symbol, api_symbols.snapshot)

    def bars(self, symbol: str) -> Response:
        size = request.args.get("size", "1m")
        count = whole(request.args.get("n", str(api_bars.DEFAULT)), api_bars.MOST)
        if wrong := api_bars.unknown_size(size):
            return _error(400, f"size is {_quoted('size')}; {wrong}")
        if count is None:
            return _error(400, f"n is {_quoted('n')}; must be a whole number, 1-{api_bars.MOST}")
        files, rows = self._deps.bars, count
        return self._of_one(symbol, lambda known, s: api_bars.bars(known, s, files, size, rows), or_in_files=True)

    def unknown(self, rest: str = "") -> Response:
        return _error(
            404,
            "There is no such address. Known: /healthz and, under /api/v1: status, positions, lines,"
            " snapshot/<symbol>, bars/<symbol>, signals, incidents, alerts?after=<id>, pnl?since=<epoch s>,"
            " fills?since=<epoch s>&until=<epoch s>,"
            " journal/executions, journal/trips, journal/days, journal/statistics",
        )

    def _of_one(
        self,
        symbol: str,
        build: Callable[[api_symbols.Known, Snapshots], dict[str, Any]],
        *,
        or_in_files: bool = False,
    ) -> Response:
        """The answer about the contract that a name means, or the 404 that says which names are near.

        `or_in_files`: a name that the state does not know may be one whose bars are kept.
        """
        state = self._read("universe", "positions", "quotes", "lines")
        known = api_symbols.catalogue(state)
        matches = api_symbols.find(symbol, known)
        former = [] if matches else api_symbols.once_called(symbol, known, state)
        matches = matches or former
        if not matches and or_in_files:
            matches = api_symbols.find(symbol, api_bars.files_symbols(self._deps.bars))
        if len(matches) == 1:
            names = ("broker", "positions", "quotes", "lines", "signals", "scanners", f"symbol:{matches[0].con_id}")
            answer = build(matches[0], self._read(*names))
            if former:
                answer["renamed"] = f"{symbol.upper()} is called {former[0].local_symbol} now"
            return _json(answer)
        asked = repr(symbol[: api_symbols.NAME_MAX])
        if matches:
            choice = [{"con_id": k.con_id, "local_symbol": k.local_symbol, "sec_type": k.sec_type} for k in matches]
            return _error(404, f"{asked} is not unique; ask for one of these con_ids", matches=choice[:20])
        near = api_symbols.near_names(symbol, known)
        hint = f"; near: {', '.join(near)}" if near else ""
        return _error(404, f"{asked} is not known here{hint}", near=near)

    def _read(self, *names: str) -> Snapshots:
        now = self._deps.clock.wall()
        return Snapshots.read(self._deps.state, names, engine_state(None), now)


def _has_several(s: Snapshots) -> bool:
    return s.broker is not None and len(s.broker.accounts) > 1


def _json(value: Any, status: int = 200) -> Response:
    """NaN and infinity leave as null."""
    return Response(to_json(value), status, mimetype="application/json")


def _error(status: int, text: str, **more: Any) -> Response:
    return _json({"error": text, **more}, status)


def _number(name: str, default: float) -> float | None:
    """A number of the query; None = there, but not one."""
    text = request.args.get(name)
    return default if text is None else finite(text)


def _quoted(name: str) -> str:
    return repr(request.args.get(name, "")[:40])
