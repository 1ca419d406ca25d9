"""`python -m simulator --record --to host:port` and `--play FILE`: until Ctrl+C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from simulator.control import ControlServer
from simulator.lifeline import watch_stdin
from simulator.tape.entries import END, FROM_CLIENT, FROM_SERVER, Entry, NotATape
from simulator.tape.index import TapeIndex, build_index
from simulator.tape.player import Player
from simulator.tape.reading import TapeReader
from simulator.tape.recorder import Recorder
from simulator.tape.redaction import Redactor
from simulator.tape.writing import TapeWriter, new_header

SUFFIX = ".tape.gz"
STATUS_S = 60.0
RECORD_PORT = 7500  # where the recorder listens unless told otherwise


def target_of(text: str) -> tuple[str, int]:
    """`host:port` of TWS. Raises ArgumentTypeError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port, such as 127.0.0.1:7497")
    return host.strip("[]"), int(port)


def default_file() -> Path:
    return Path(f"qtrade-{time.strftime('%Y%m%d-%H%M%S')}{SUFFIX}")


def record(host: str, port: int, to: tuple[str, int], path: Path) -> int:
    """0 after an orderly end, 2 when the port is taken or the file cannot be made."""
    try:
        tape = TapeWriter(path, new_header(build_of(Path(__file__).parents[1])), Redactor())
    except FileExistsError:
        return _fail(f"{path} is there already: a recording is never written over. Give another name")
    except OSError as problem:
        return _fail(f"cannot write {path}: {problem.strerror or problem}")
    try:
        asyncio.run(_record(host, port, to, tape))
    except OSError as problem:
        return _fail(f"cannot listen on {host}:{port}: {problem.strerror or problem}")
    finally:
        tape.close()
    return 0


async def _record(host: str, port: int, to: tuple[str, int], tape: TapeWriter) -> None:
    recorder = Recorder(host, port, to, tape, time.monotonic)
    await recorder.start()
    stop = _stop_event(stdin_watch=False)
    _ready({"ready": True, "port": recorder.port, "to": f"{to[0]}:{to[1]}", "file": str(tape.path)})
    _say(f"recording {to[0]}:{to[1]} to {tape.path}; let QTrade connect to {host}:{recorder.port}. Ctrl+C ends it")
    next_status = time.monotonic() + STATUS_S

    def status() -> None:
        nonlocal next_status
        if time.monotonic() >= next_status:
            next_status = time.monotonic() + STATUS_S
            _say(_figures(recorder, tape))

    await _until(stop, status)
    await recorder.stop()
    tape.note(recorder.seconds(), 0, END, {"orders": recorder.orders, "lost": tape.lost})
    await asyncio.to_thread(tape.close)
    _say(f"{tape.path}: {_figures(recorder, tape)}")


def build_of(folder: Path) -> str:
    """Which code recorded it: a hash over the simulator's sources, whatever their line endings."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()[:7]


def _figures(recorder: Recorder, tape: TapeWriter) -> str:
    lost = f", {tape.lost} LEFT OUT" if tape.lost else ""
    return (
        f"{tape.messages} messages, {recorder.connections} connections open, {recorder.orders} order messages, "
        f"{tape.redactor.accounts} accounts made unrecognisable{lost}"
    )


def play(
    host: str, port: int, control_port: int, path: Path, speed: float, *, as_paper: bool, stdin_watch: bool
) -> int:
    """0 after an orderly end, 2 when the file is no recording or the port is taken."""
    try:
        index = load(path, as_paper=as_paper)
    except (OSError, NotATape) as problem:
        return _fail(f"cannot play {path}: {problem}")
    try:
        asyncio.run(_play(Player(index, host, port, speed, time.monotonic), control_port, stdin_watch=stdin_watch))
    except OSError as problem:
        return _fail(f"cannot listen on {host}:{port}: {problem.strerror or problem}")
    return 0


def load(path: Path, *, as_paper: bool = False) -> TapeIndex:
    """The recording, ready to be played; what is wrong with the file is said. Raises OSError and NotATape."""
    reader = TapeReader(path)
    entries = reader.entries()
    index = build_index(reader.header, papered(entries) if as_paper else entries)
    if reader.trouble:
        _say(f"{path}: {reader.trouble}. What came before is played")
    return index


def papered(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Live accounts under the names of paper accounts, for a program that takes no live account from a simulator."""
    names: dict[str, str] = {}
    for entry in entries:
        fields = entry.fields
        if entry.what == FROM_SERVER and fields[:1] == ["15"] and len(fields) > 2:
            listed = fields[2].split(",")
            names |= {name: f"D{name}" for name in listed if name[:1] in ("U", "F", "I")}
            yield entry._replace(fields=[*fields[:2], ",".join(names.get(name, name) for name in listed)])
        elif names and entry.what in (FROM_CLIENT, FROM_SERVER):
            yield entry._replace(fields=[names.get(field, field) for field in fields])
        else:
            yield entry


async def _play(player: Player, control_port: int, *, stdin_watch: bool) -> None:
    token = secrets.token_urlsafe(24)
    control = ControlServer({("GET", "/tape"): lambda _: player.status()}, token)
    await player.start()
    await control.start(control_port)
    stop = _stop_event(stdin_watch=stdin_watch)
    said = {"ready": True, "port": player.port, "control_port": control.port, "control_token": token}
    _ready({**said, "day": player.day})
    told_over = False

    def tell_over() -> None:
        nonlocal told_over
        if player.is_over and not told_over:
            told_over = True
            _ready({"over": True})

    await _until(stop, tell_over)
    await control.stop()
    await player.stop()
    if player.missing:
        _say(f"{sum(player.missing.values())} requests for {len(player.missing)} things were not in the recording")


def _stop_event(*, stdin_watch: bool) -> asyncio.Event:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if stdin_watch:
        watch_stdin(lambda: loop.call_soon_threadsafe(stop.set))
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


async def _until(stop: asyncio.Event, each: Callable[[], None]) -> None:
    """Wakes often, so that Windows sees its signals."""
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), 0.5)
        except TimeoutError:
            each()


def _ready(content: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(f"simulator: {text}\n")
    sys.stderr.flush()


def _fail(text: str) -> int:
    _say(text)
    return 2
