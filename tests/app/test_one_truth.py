"""One truth a screen: all of a poll or an answer is of one moment, whatever is published meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace

from app import api
from app.deps import AppDeps
from app.feed import Feed
from app.rows.key_figures import key_figures
from app.rows.strip import strip_parts
from app.snapshots import Snapshots
from app.views import PAGES
from engine.clock import FakeClock
from engine.state.bus import StateBus
from engine.state.disk_store import DiskOutlet, DiskView
from engine.state.reader import StateReader
from engine.state.sections import CoverageSection, LinesSection, PnlPoint, PnlSection, Section
from engine.state.source import StateSource
from engine.state.writer import REOPEN_PERIOD_S, StateWriter
from tests.app.sample_coverage import fill_coverage
from tests.app.sample_state import MARKET, WALL, broker, fill_sample, lines, positions

POLLS = 40


def a_pass(number: int) -> dict[str, Section]:
    """What an engine publishes at one moment: each section says the number of the pass in its own way."""
    held = positions(WALL)
    rows = tuple(replace(row, daily_pnl=float(number), unrealized_pnl=float(number)) for row in held.tradable)
    money = {"daily_pnl": float(number), "rows_daily_pnl": 3.0 * number, "unrealized_pnl": 3.0 * number}
    account = replace(held.account, **money)
    return {
        "broker": replace(broker(WALL), reconnects=number),
        "positions": replace(held, tradable=rows, account=account),
        "lines": replace(lines(WALL), used=number),
        "pnl": PnlSection(points=tuple(PnlPoint(WALL, at, None, None, float(number)) for at in (MARKET, MARKET + 2.0))),
    }


class Publishing:
    """A bus whose engine goes on publishing, in memory or beside a reader of its folder."""

    def __init__(self, folder: Path | None) -> None:
        self.clock = FakeClock(wall=WALL)
        self.bus = StateBus(None, self.clock)
        fill_sample(self.bus, WALL)
        self.bus.publish_all(a_pass(0))
        self._writer = None if folder is None else StateWriter(DiskOutlet(folder), self.clock, self.bus.current)
        self._flush()
        if self._writer is not None:
            self._writer.close()  # the thread below opens its own
            self.clock.advance(REOPEN_PERIOD_S)
        self.state: StateSource = self.bus if folder is None else StateReader(DiskView(folder))
        self._thread = threading.Thread(target=self._run)
        self.begun = threading.Event()
        self._enough = threading.Event()

    def _flush(self) -> None:
        if self._writer is not None:
            assert self._writer.flush()

    def _run(self) -> None:
        number = 0
        while not self._enough.wait(0.001):
            number += 1
            self.bus.publish_all(a_pass(number))
            self._flush()
            self.begun.set()
        if self._writer is not None:
            self._writer.close()

    def while_it_publishes(self) -> Iterator[None]:
        self._thread.start()
        self.begun.wait(10.0)
        for _ in range(POLLS):
            self.begun.clear()
            yield
            self.begun.wait(10.0)  # at least one pass between two polls
        self._enough.set()
        self._thread.join()
        yield


@pytest.fixture(params=["memory", "disk"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Publishing]:
    made = Publishing(None if request.param == "memory" else tmp_path / "state")
    yield made
    if isinstance(made.state, StateReader):
        made.state.close()


def figures(view: dict[str, dict[str, Any]]) -> set[float]:
    """The number of the pass as each block of the Overview says it."""

    def plain(text: str) -> float:
        return float(text.strip("▲▼ +").replace(",", "").replace("\u2212", "-"))

    return {
        plain(view["strip"]["pnl"][0]),
        view["strip"]["day"],
        plain(view["figures"]["day"][0]),
        plain(view["figures"]["unr"][0]) / 3.0,
        view["grid:total"]["total"]["day"] / 3.0,
        view["grid:total"]["total"]["unr"] / 3.0,
        *[row["day"] for row in view["grid:positions"].values()],
        float(view["strip"]["lines"].partition("/")[0]),
        float(view["lines"]["used"]),
        float(list(view["tail:pnl"].values())[-1]),
    }


def test_every_figure_of_a_poll_is_of_one_pass(engine: Publishing) -> None:
    feed = Feed(engine.state, lambda: WALL, PAGES)
    by_snapshot: dict[int, set[float]] = {}
    for _ in engine.while_it_publishes():
        answer = feed.poll("/", None)
        assert answer.delta is not None and answer.snapshot is not None
        said = figures(answer.delta["set"])
        assert len(said) == 1, f"passes {said} on one screen"
        by_snapshot.setdefault(answer.snapshot, set()).update(said)
    assert len(by_snapshot) > 1 and all(len(said) == 1 for said in by_snapshot.values())
    assert list(by_snapshot) == sorted(by_snapshot), "later polls show later moments"


def test_api_and_page_of_one_snapshot_agree(engine: Publishing) -> None:
    server = Flask("test")
    deps = AppDeps(state=engine.state, clock=engine.clock)
    api.register(server, deps)
    client, feed = server.test_client(), Feed(engine.state, lambda: WALL, PAGES)
    said: dict[int, set[float]] = {}

    def note(snapshot: int, *values: float) -> None:
        said.setdefault(snapshot, set()).update(values)

    for _ in engine.while_it_publishes():
        held = client.get("/api/v1/positions").get_json()
        note(held["snapshot"], *[row["daily_pnl"] for row in held["tradable"]])
        status = client.get("/api/v1/status").get_json()
        note(status["snapshot"], status["account"]["daily_pnl"], status["lines"]["used"])
        answer = feed.poll("/", None)
        assert answer.delta is not None and answer.snapshot is not None
        note(answer.snapshot, *figures(answer.delta["set"]))
    assert all(len(values) <= 1 for values in said.values()), said


def test_the_day_is_one_figure_wherever_it_stands() -> None:
    bus = StateBus(None, FakeClock(wall=WALL))
    bus.publish_all(a_pass(-2624))
    s = Snapshots.read(bus, ("positions", "broker", "lines"), "alive", WALL)
    strip, figure = strip_parts(s)["strip"], key_figures(s.positions)
    assert strip["day"] == -2624.0
    assert strip["pnl"][0].endswith(figure["day"][0])


def test_a_poll_names_its_page_so_that_the_browser_can_drop_it() -> None:
    bus = StateBus(None, FakeClock(wall=WALL))
    fill_sample(bus, WALL)
    feed = Feed(bus, lambda: WALL, PAGES)
    asked = {path: feed.poll(path, None).page for path in ("/", "/symbol/76792991", "/symbol/BRK%20B", "/symbol", "/x")}
    assert list(asked.values()) == ["overview", "symbol:76792991", "symbol-name", "symbol-home", "other"]


def test_the_rotation_counts_the_lines_that_the_gauge_counts() -> None:
    """The coverage section is made in slices and some seconds old; the gauge beside it is not."""
    bus = StateBus(None, FakeClock(wall=WALL))
    fill_sample(bus, WALL)
    fill_coverage(bus, WALL)
    before, held = bus.read("coverage"), bus.read("lines")
    assert isinstance(before, CoverageSection) and isinstance(held, LinesSection)
    rows = [row for row in held.rows if row.line_class == "coverage"][:-3]
    others = [row for row in held.rows if row.line_class != "coverage"]
    by_class = {**held.by_class, "coverage": len(rows)}
    bus.publish("lines", replace(held, rows=(*others, *rows), by_class=by_class, used=len(rows) + len(others)))
    view = Feed(bus, lambda: WALL, PAGES).poll("/lines", None).delta
    assert view is not None
    assert view["set"]["coverage"]["lines"].startswith(f"{view['set']['lines']['n_c']} lines rotate")
