"""A session of the simulator with the real engine, recorded and played back: the same journal.

`python start.py test --long replay [minutes] [speed] [pace]`: minutes of session (default 4), played at that speed
(default 1). Positions trade by themselves meanwhile, the connection is dropped once and a farm flaps. Compared are
fills, P&L points, positions and signals, as `tests/integration/journal_compare.py` says. The market goes at a tenth of
its pace, so that each value of the curve stands long enough to be a point in both journals.
"""

from __future__ import annotations

import gzip
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.integration.engine_bench import running_engine, running_simulator
from tests.integration.journal_compare import Session, compare, session_of
from tests.integration.tape_rig import playing, recording
from tests.long.report import finish
from tests.patience import wait_for

MINUTES = 4.0
SETTLED_S = 25.0
WINDOW_S = 3.0
PACE = 0.1  # market seconds a second: prices stand longer than lies between two points of the curve
STRETCH = 0.3  # of the engine's periods: more points of the curve to compare
OPTIONS = ("--seed", "5", "--fresh", "--start", "2025-11-05T10:00", "--account-interval", "3")
TRADE_EVERY_S = 25.0
HOLD_S = 120.0  # the market stands still from before the journal is read until the engine is gone
QUIET_S = 8.0
ACCOUNT = "1234567"


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def _run_live(folder: Path, tape: Path, minutes: float, pace: float) -> Session:
    with (
        running_simulator(*OPTIONS, "--speed", str(pace), "--trade-every", str(TRADE_EVERY_S * pace)) as simulator,
        recording(simulator.port, tape) as recorder,
        running_engine(recorder.port, folder / "live", period_stretch=STRETCH) as bench,
    ):
        wait_for(lambda: bench.is_connected, "connected")
        began = time.monotonic()
        _pause(minutes * 25.0)
        simulator.fault("farm", which="data", up=False, seconds=3)
        _pause(minutes * 10.0)
        simulator.fault("drop")
        _pause(max(0.0, minutes * 60.0 - (time.monotonic() - began)))
        simulator.call("POST", "/hold", {"seconds": HOLD_S})
        _pause(QUIET_S)
        return session_of(bench, time.time() - recorder.made.seconds())


def _run_played(folder: Path, tape: Path, speed: float) -> tuple[Session, dict[str, Any]]:
    with (
        playing(tape, speed) as player,
        running_engine(player.port, folder / "played", period_stretch=STRETCH) as bench,
    ):
        wait_for(lambda: bench.is_connected, "connected")
        wait_for(lambda: player.made.status()["over"], "played to its end", timeout_s=3600.0, every_s=0.1)
        _pause(2.0)
        origin_wall = time.time() - player.made.time.now() / speed
        return session_of(bench, origin_wall, speed), player.made.status()


def _all_signals(live: Session, played: Session) -> tuple[int, int, int]:
    """How many of each run, and how many symbols and sides are in both."""
    sets = [{(signal.con_id, signal.side) for signal in run.signals} for run in (live, played)]
    return len(sets[0]), len(sets[1]), len(sets[0] & sets[1])


def main(arguments: list[str]) -> int:
    minutes = float(arguments[0]) if arguments else MINUTES
    speed = float(arguments[1]) if len(arguments) > 1 else 1.0
    pace = float(arguments[2]) if len(arguments) > 2 else PACE
    with tempfile.TemporaryDirectory() as name:
        folder, tape = Path(name), Path(name) / "session.tape.gz"
        for part in ("live", "played"):
            (folder / part).mkdir()
        live = _run_live(folder, tape, minutes, pace)
        size, text = tape.stat().st_size, gzip.decompress(tape.read_bytes())
        played, status = _run_played(folder, tape, speed)
    found = compare(live, played, window_s=WINDOW_S * speed, settled_s=SETTLED_S * speed)
    leaks = len(re.findall(ACCOUNT.encode(), text))
    signals_live, signals_played, signals_both = _all_signals(live, played)
    figures = {
        "minutes": minutes,
        "speed": speed,
        "pace": pace,
        "points": found.points,
        "points_between": found.between,
        "points_unknown": found.unknown,
        "fills": found.fills,
        "positions": found.positions,
        "signals_of_streaming": found.signals,
        "signals_live": signals_live,
        "signals_played": signals_played,
        "signals_in_both": signals_both,
        "different": len(found.broken),
        "first_differences": found.broken[:40],
        "account_in_file": leaks,
        "file_kb": round(size / 1000),
        "messages": text.count(b"\n"),
        "not_in_recording": sum(status["missing"].values()),
        "missing": status["missing"],
    }
    for text_ in found.broken[:20]:
        print(f"   {text_}")
    shown = ", ".join(f"{key} {value}" for key, value in figures.items() if key not in ("first_differences", "missing"))
    enough = found.points > 10 * minutes and found.fills > 1
    return finish("replay", enough and not found.broken and not leaks, figures, shown)
