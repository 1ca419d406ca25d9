"""Command line of the simulator: builds the world, runs the gateway, says when it is ready."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.control import ControlServer
from simulator.control_routes import ControlRoutes
from simulator.gateway import Gateway
from simulator.lifeline import watch_stdin
from simulator.market_time import NEW_YORK
from simulator.model import World
from simulator.scenario import DEFAULT, Scenario, built_in
from simulator.settings import GatewaySettings
from simulator.tape.cli import default_file, target_of

log = logging.getLogger("simulator")

SAVE_EVERY_S = 5.0

Save = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Run:
    """A world to serve; `save` writes its state and is called every few seconds and at the end."""

    world: World
    settings: GatewaySettings
    save: Save
    stdin_watch: bool
    scenario: Scenario | None = None  # None = nothing happens by itself


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m simulator", description="TWS' socket protocol, a simulated market.")
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, help="0 = any free one (the default; 7500 of --record); the ready line says it")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--start", type=start_moment, metavar="ISO", help="market time; New York when without zone")
    p.add_argument("--speed", type=positive, help="market seconds a second; 1 unless the scenario says otherwise")
    p.add_argument(
        "--line-limit", type=int, help="market data lines of the account; 100 unless the scenario says otherwise"
    )
    p.add_argument(
        "--volume-unit", choices=("lots", "shares", "mixed"), default="lots", help="unit of US stock volumes"
    )
    p.add_argument("--account", default="DU1234567")
    p.add_argument("--replay", type=Path, default=None, metavar="FILE", help="plays SYMBOL-YYYYMMDD.csv[.gz] of ticks")
    p.add_argument(
        "--record", type=Path, nargs="?", const=default_file(), metavar="FILE",
        help="stands between TWS and its clients and writes the session down, account ids replaced",
    )  # fmt: skip
    p.add_argument("--to", type=target_of, metavar="HOST:PORT", help="TWS' address, with --record")
    p.add_argument("--play", type=Path, metavar="FILE", help="serves a recorded session again, at --speed")
    p.add_argument("--as-paper", action="store_true", help="with --play: live accounts under names of paper accounts")
    p.add_argument("--state", type=Path, default=None, metavar="FILE", help="goes on from where it stopped")
    p.add_argument("--fresh", action="store_true", help="ignores what the state file says")
    p.add_argument("--scenario", default=DEFAULT, metavar="NAME|FILE", help=f"{', '.join(built_in())}; or a YAML file")
    p.add_argument("--portfolio", choices=("demo", "world"), help="demo, or world = a position of every kind")
    p.add_argument("--accounts", type=int, metavar="N", help="an advisor's login: a master and N-1 clients")
    p.add_argument("--trade-every", type=float, default=0.0, metavar="S", help="market seconds between random trades")
    p.add_argument("--ledger-prefix", action="store_true", help='"$LEDGER-" before the keys of each currency')
    p.add_argument(
        "--account-reset", type=reset_clock, metavar="HH:MM", help="New York; else each contract has its own"
    )

    p.add_argument("--no-news", action="store_true", help="an account without news providers")
    p.add_argument("--control-port", type=int, default=0)
    p.add_argument("--scan-interval", type=positive, default=30.0, help="seconds between two pushes of a scan")
    p.add_argument("--account-interval", type=positive, default=10.0, help="seconds between account updates")
    p.add_argument("--no-stdin-watch", action="store_true", help="goes on when standard input closes")
    p.add_argument("--log-level", default="WARNING", type=str.upper, choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return p


def start_moment(text: str) -> float:
    """ISO text to epoch seconds. Raises ArgumentTypeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO date and time such as 2025-11-05T10:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK)).timestamp()


def reset_clock(text: str) -> float:
    """HH:MM to seconds after midnight. Raises ArgumentTypeError."""
    try:
        clock = time.strptime(text, "%H:%M")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a clock time such as 17:00") from None
    return clock.tm_hour * 3600.0 + clock.tm_min * 60.0


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


DEFAULT_OPTIONS: dict[str, Any] = {"speed": 1.0, "portfolio": "demo", "accounts": 1, "line_limit": 100}


def take_options(args: argparse.Namespace, of_scenario: Mapping[str, Any]) -> None:
    """What the command line leaves open is as the scenario says, else as usual."""
    for name, usual in DEFAULT_OPTIONS.items():
        if getattr(args, name) is None:
            setattr(args, name, of_scenario.get(name, usual))


def settings_of(args: argparse.Namespace) -> GatewaySettings:
    return GatewaySettings(
        host=args.host,
        port=args.port or 0,
        control_port=args.control_port,
        account=args.account,
        seed=args.seed,
        line_limit=args.line_limit,
        volume_unit=args.volume_unit,
        scan_interval_s=args.scan_interval,
        account_interval_s=args.account_interval,
        account_reset_s=args.account_reset,
        ledger_prefix=args.ledger_prefix,
        trade_every_s=args.trade_every,
        news=not args.no_news,
        net_liquidation_base=args.portfolio == "world",
    )


async def serve(run: Run) -> None:
    """Runs until SIGTERM, Ctrl+C, or the end of standard input."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    gateway = Gateway(run.world, run.settings, time.monotonic)
    token = secrets.token_urlsafe(24)
    routes = ControlRoutes(gateway)
    control = ControlServer(routes.table(), token)
    await gateway.start()
    await control.start(run.settings.control_port)
    if run.stdin_watch:
        watch_stdin(lambda: loop.call_soon_threadsafe(stop.set))
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop.set))
    ready = {"ready": True, "port": gateway.port, "control_port": control.port, "control_token": token}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    save = contained(run.save)
    steps = routes.begin(run.scenario) if run.scenario is not None else None
    await _until_stopped(stop, save)
    if steps is not None:
        steps.cancel()
    await control.stop()
    await gateway.stop()
    save()


def contained(save: Save) -> Save:
    """A disk that is full or taken away ends no market: said once, tried again at the next time."""
    said = ""

    def attempt() -> None:
        nonlocal said
        try:
            save()
            said = ""
        except OSError as problem:
            text = f"simulator: the state is not saved: {problem.strerror or problem}\n"
            if text != said:
                said = text
                with suppress(OSError):  # standard error may go to the same disk
                    sys.stderr.write(text)
                    sys.stderr.flush()

    return attempt


async def _until_stopped(stop: asyncio.Event, save: Save) -> None:
    """Waits for the stop, saving now and then; wakes often so that Windows sees its signals."""
    next_save = time.monotonic() + SAVE_EVERY_S
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), 0.5)
        except TimeoutError:
            if time.monotonic() >= next_save:
                next_save = time.monotonic() + SAVE_EVERY_S
                save()


def run(prepared: Run) -> int:
    """0 after an orderly end, 2 when the port is taken."""
    try:
        asyncio.run(serve(prepared))
    except OSError as problem:
        address = f"{prepared.settings.host}:{prepared.settings.port}"
        sys.stderr.write(f"simulator: cannot listen on {address}: {problem.strerror or problem}\n")
        return 2
    return 0
