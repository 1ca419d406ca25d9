"""Which engine a request looks at: what its browser has chosen (a cookie), or `?engine=` of a script.

One choice of a dashboard without others costs nothing: `deps.state` is then the engine's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response, has_request_context, request

from engine.fleet.fleet import Fleet, FleetView
from engine.state.commands import Command
from engine.state.sections import Section
from engine.state.source import Reading
from engine.storage.encodable import to_json

COOKIE = "qtrade-engine"  # assets/core/engine.mjs sets it
ARGUMENT = "engine"


class ChosenState:
    """Implements `StateSource`: the state of the engines that the request at hand looks at. Any thread."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def choice(self) -> str:
        """As `Fleet.choice`; outside of a request the usual one."""
        if not has_request_context():
            return self._fleet.choice("")
        return self._fleet.choice(request.args.get(ARGUMENT) or request.cookies.get(COOKIE, ""))

    def names(self) -> list[str]:
        """What can be chosen."""
        members = self._fleet.members()
        return [value for value, _ in self._fleet.choices(members)] or list(members)

    @property
    def problem(self) -> str:
        return self._view.problem

    def read(self, name: str) -> Section | None:
        return self._view.read(name)

    def read_many(self, names: Iterable[str]) -> Reading:
        return self._view.read_many(names)

    def peek_many(self, names: Iterable[str]) -> Reading:
        return self._view.peek_many(names)

    def seqs(self) -> dict[str, int]:
        return self._view.seqs()

    def submit(self, command: Command) -> None:
        self._view.submit(command)

    @property
    def _view(self) -> FleetView:
        return self._fleet.view(self.choice())


def guard(server: Flask, state: ChosenState) -> None:
    """A script that names an engine is told when there is none of that name, rather than answered about another."""

    @server.before_request
    def check() -> Response | None:
        asked = request.args.get(ARGUMENT)
        if not asked or not request.path.startswith(("/api/", "/metrics", "/healthz")):
            return None
        if state.choice() == asked:
            return None
        known = ", ".join(state.names()) or "none yet"
        return Response(
            to_json({"error": f"engine is {asked[:40]!r}; there are: {known}"}), 404, mimetype="application/json"
        )
