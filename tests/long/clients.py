"""Four clients of TWS, unmodified and each in an environment of its own, against the simulated gateway.

ib_insync 0.9.86, ib_async 2.1.0, ibapi 9.81 (PyPI's 9.81.1.post1) and nautilus-ibapi connect, ask for everything that
the gateway serves while its market stands still, and what they decoded is compared with its own book and quotes;
then the market moves and their streams are looked at. Environments are kept in the folder for temporary files and
made anew when a version changes. Arguments: names of clients (default: all).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.engine_bench import SimulatorRun, running_simulator
from tests.long.report import ROOT, finish

TSLA = 76792991
SCRIPTS = ROOT / "tests" / "clients"
TALK_S = 600.0
ECHOES = frozenset({162, 2104, 2106, 2158, 2119, 10167})  # notices, and the echo of a cancel


@dataclass(frozen=True)
class Subject:
    """A client: what pip installs, its script, and the version that it must agree on."""

    packages: tuple[str, ...]
    script: str
    arguments: tuple[str, ...]
    version: int
    refused: frozenset[str]  # requests that its library knows, each refused with its code


COMMON = {
    "reqMktDepth": 10092,
    "reqFundamentalData": 10358,
    "reqHistoricalTicks": 10187,
    "reqTickByTickData": 10189,
    "reqHistogramData": 10188,
    "reqNewsArticle": 10172,
    "reqHistoricalNews": 321,
    "calculateImpliedVolatility": 354,
    "cancelMktData": 300,
    "cancelHistoricalData": 366,
    "cancelRealTimeBars": 300,
    "cancelScannerSubscription": 365,
    "placeOrder": 321,
    "reqWshMetaData": 10276,
}
ALL = frozenset(COMMON)
SUBJECTS = {
    "ib_insync": Subject(("ib_insync==0.9.86", "eventkit==1.0.3"), "event_client.py", ("ib_insync",), 176, ALL),
    "ib_async": Subject(("ib_async==2.1.0",), "event_client.py", ("ib_async",), 178, ALL),
    "ibapi": Subject(("ibapi==9.81.1.post1",), "callback_client.py", (), 157, ALL - {"reqWshMetaData"}),
    "nautilus-ibapi": Subject(("nautilus-ibapi==10.46.1", "protobuf==5.29.5"), "callback_client.py", (), 178, ALL),
}


def environment(name: str, subject: Subject) -> tuple[Path | None, str]:
    """The Python of the client's environment, made when it is not there; None and the last lines of what went wrong."""
    tag = "-".join(subject.packages).replace("==", "-") + f"-py{sys.version_info.major}{sys.version_info.minor}"
    folder = Path(tempfile.gettempdir()) / "qtrade-clients" / f"{name}-{tag}"
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "complete"
    if done.exists():
        return inside, ""
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "setuptools", "wheel"],
        [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *subject.packages],
    ]
    for step in steps:
        ran = subprocess.run(step, capture_output=True, text=True, check=False, timeout=900)
        if ran.returncode:
            return None, "\n".join((ran.stdout + ran.stderr).splitlines()[-5:])
    done.write_text("", encoding="utf-8")
    return inside, ""


@dataclass
class Talk:
    """What one client saw, still and moving, and what the gateway knew at that time."""

    still: dict[str, Any]
    moving: dict[str, Any]
    world: dict[str, Any]
    quote: dict[str, Any]
    instrument: dict[str, Any]
    book: dict[str, Any]
    ledger: dict[str, Any]


def talk(python: Path, subject: Subject, simulator: SimulatorRun) -> Talk | str:
    """Runs the script; the words of what went wrong when it does not come to its end."""
    simulator.call("POST", "/hold", {"seconds": TALK_S})
    command = [str(python), str(SCRIPTS / subject.script), str(simulator.port), *subject.arguments]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=SCRIPTS
    )
    assert child.stdin is not None and child.stdout is not None
    first = child.stdout.readline()
    if not first:
        _, errors = child.communicate(timeout=60)
        return "it ended: " + "\n".join(errors.splitlines()[-4:])
    still = json.loads(first)
    market = simulator.call("GET", f"/quote?con_id={TSLA}")
    known = (simulator.call("GET", "/world"), market["quote"], market["instrument"], simulator.call("GET", "/book"))
    simulator.call("POST", "/release", {})
    out, errors = child.communicate("go\n", timeout=TALK_S)
    if not out.strip():
        return "its streams did not come: " + "\n".join(errors.splitlines()[-4:])
    return Talk(still, json.loads(out), *known, simulator.ledger())


def close(one: Any, other: Any, within: float = 0.011) -> bool:
    """Two figures are the same; None, NaN and IB's unset value all say "not known"."""
    known = [x if isinstance(x, int | float) and math.isfinite(x) and abs(x) < 1e300 else None for x in (one, other)]
    if None in known:
        return known[0] == known[1]
    return abs(float(one) - float(other)) <= within + 1e-9 * abs(float(other))


def account_faults(seen: Talk) -> list[str]:
    still, wrong = seen.still, []
    for row in seen.world["holdings"]:
        name, con_id = row["local_symbol"], str(row["con_id"])
        held = still["positions"].get(con_id)
        if held is None or not (close(held[0], row["quantity"]) and close(held[1], row["avg_cost"], 1e-4)):
            wrong.append(f"position {name} is {held}, the book says {row['quantity']} at {row['avg_cost']}")
        shown = still["portfolio"].get(con_id)
        wanted = [row[key] for key in ("quantity", "price", "value", "avg_cost", "unrealized", "realized")]
        wanted[1] = wanted[1] or 0.0  # TWS writes 0 for what has no price
        if shown is None or not all(map(close, shown, wanted)):
            wrong.append(f"portfolio row of {name} is {shown}, the book says {wanted}")
    for tag in ("NetLiquidation", "TotalCashValue"):
        known = seen.world["net_liquidation" if tag == "NetLiquidation" else "cash"]
        for where in ("values", "summary"):
            if not close(float(still[where][tag]), known):
                wrong.append(f"{tag} in {where} is {still[where][tag]}, the book says {known}")
    if not all(map(close, still["pnl"], [seen.world[key] for key in ("daily", "unrealized", "realized")])):
        wrong.append(f"P&L is {still['pnl']}")
    row = next(row for row in seen.world["holdings"] if row["con_id"] == TSLA)
    single = [row["quantity"], row["daily"], row["unrealized"], None, row["value"]]
    if not all(close(a, b) for a, b in zip(still["pnl_single"], single, strict=True) if b is not None):
        wrong.append(f"P&L of TSLA is {still['pnl_single']}, the book says {single}")
    for fill in seen.book["fills"]:
        shown = still["executions"].get(fill["exec_id"])
        known = [fill["side"], float(fill["quantity"]), float(fill["price"])]
        if shown is None or shown[0] != known[0] or not all(map(close, shown[1:], known[1:])):
            wrong.append(f"execution {fill['exec_id']} is {shown}, the book says {known}")
        if not close(still["commissions"].get(fill["exec_id"]), float(fill["commission"]), 1e-6):
            wrong.append(f"commission of {fill['exec_id']} is {still['commissions'].get(fill['exec_id'])}")
    return wrong


def market_faults(seen: Talk) -> list[str]:
    still, quote, wrong = seen.still, seen.quote, []
    for name in ("bid", "ask", "last", "close", "volume"):
        if not close(still["quote"][name], quote[name], 1e-6):
            wrong.append(f"{name} is {still['quote'][name]}, the market's is {quote[name]}")
    if still["type"] != 1:
        wrong.append(f"market data type {still['type']}")
    history = still["history"]
    for what, price in (("TRADES", quote["last"]), ("BID", quote["bid"]), ("ASK", quote["ask"])):
        if not history[what] or not close(history[what][-1][4], price, 1e-6):
            wrong.append(f"the last bar of {what} ends at {history[what][-1:]}, the quote is {price}")
    quotes = ("BID", "MIDPOINT", "ASK", "BID_ASK")
    if len({tuple(str(bar[0]) for bar in history[what]) for what in quotes}) != 1:
        wrong.append("bars of quotes have different times")
    for bid, middle, ask, both in zip(*(history[what] for what in quotes), strict=True):
        ordered = all(b <= m <= a for b, m, a in zip(bid[1:5], middle[1:5], ask[1:5], strict=True))
        if not ordered or (both[2], both[3]) != (ask[2], bid[3]) or bid[5:] != [-1.0, -1.0, -1.0]:
            wrong.append(f"bars of quotes at {bid[0]} don't fit: {bid} {middle} {ask} {both}")
            break
    if not any(bar[5] > 0 and bar[7] > 0 for bar in history["TRADES"]):
        wrong.append("no bar of trades has a volume")
    if not 18 <= len(still["days"]) <= 24 or not still["head"]:
        wrong.append(f"{len(still['days'])} daily bars in a month")
    if "schedule" in still and still["schedule"] != [str(bar[0]).replace("-", "") for bar in still["days"][-5:]]:
        wrong.append(f"schedule {still['schedule']}")
    instrument = seen.instrument
    wanted = [TSLA, instrument["long_name"], instrument["min_tick"], instrument["primary_exchange"]]
    if still["details"] != wanted or still["future"] != ["20"] or TSLA not in still["matching"]:
        wrong.append(f"details {still['details']} {still['future']}, matching {still['matching'][:3]}")
    if len(set(still["scan"])) != 10 or "<" not in still["parameters"]:
        wrong.append(f"scan {still['scan']}, parameters {still['parameters'][:20]!r}")
    if not 0.0 <= seen.world["now"] - still["time"] < TALK_S or still["rule"] != 0.01:
        wrong.append(f"time {still['time']}, the market's {seen.world['now']}; rule {still['rule']}")
    return wrong


def stream_faults(seen: Talk) -> list[str]:
    wrong, moving = [], seen.moving
    update, middle, (traded, bid) = moving["update"], moving["middle"], moving["bars"]
    if update[5] < 0 or middle[5:] != [-1.0, -1.0, -1.0]:
        wrong.append(f"volumes of bars that are kept up to date: {update}, middle {middle}")
    for bar in (update, middle):
        if not bar[3] <= min(bar[1], bar[4]) <= max(bar[1], bar[4]) <= bar[2]:
            wrong.append(f"bar {bar} has its prices in disorder")
    if traded[5] < 0 or bid[5:] != [-1.0, -1.0, -1.0] or traded[0] % 5:
        wrong.append(f"real-time bars {traded}, of the bid {bid}")
    return wrong


def refusal_faults(seen: Talk, subject: Subject) -> list[str]:
    wrong = [
        f"{name} got {seen.still['refused'].get(name)}, expected {code}"
        for name, code in COMMON.items()
        if name in subject.refused and seen.still["refused"].get(name) != code
    ]
    if set(seen.still["refused"]) != set(subject.refused):
        wrong.append(f"asked {sorted(seen.still['refused'])}")
    stray = [error for error in seen.moving["errors"] if error[0] == -1 and error[1] not in ECHOES]
    if stray:
        wrong.append(f"errors without a request id: {stray[:3]}")
    if seen.ledger["parse_errors"] or seen.ledger["order_messages"] != 1:
        wrong.append(f"the gateway could not read {seen.ledger['parse_errors']} messages")
    return wrong


def judged(seen: Talk, subject: Subject) -> list[str]:
    wrong = [] if seen.still["version"] == subject.version else [f"server version {seen.still['version']}"]
    if seen.still["accounts"] != ",".join(seen.world["accounts"]):
        wrong.append(f"accounts {seen.still['accounts']}")
    return wrong + account_faults(seen) + market_faults(seen) + stream_faults(seen) + refusal_faults(seen, subject)


def main(arguments: list[str]) -> int:
    figures: dict[str, Any] = {}
    failed: list[str] = []
    for name in arguments or list(SUBJECTS):
        if name not in SUBJECTS:
            failed.append(f"{name} is no client; there are: {', '.join(SUBJECTS)}")
            continue
        subject = SUBJECTS[name]
        python, problem = environment(name, subject)
        if python is None:
            wrong = [f"its environment could not be built: {problem}"]
        else:
            with running_simulator("--seed", "5", "--volume-unit", "shares", "--account-interval", "1") as simulator:
                seen = talk(python, subject, simulator)
            wrong = [seen] if isinstance(seen, str) else judged(seen, subject)
        figures[name] = {"packages": subject.packages, "version": subject.version, "wrong": wrong}
        print(f"{name} ({', '.join(subject.packages)}): {'; '.join(wrong) or 'as the book says'}", flush=True)
        failed += [f"{name}: {wrong[0]}"] if wrong else []
    figures["failed"] = failed
    count = len(arguments or SUBJECTS)
    return finish("clients", not failed, figures, f"{count - len(failed)} of {count} clients see what the book says")
