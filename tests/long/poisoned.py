"""Forty poisoned data folders against the whole program: each start comes up, says what it set aside, and runs.

`python start.py test --long poisoned [NAME ...]`. A folder that others may write to is refused instead, in words.
Nothing outside the folder is touched, whatever a link in it leads to.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.test_program import Program
from tests.long.report import ROOT, finish
from tests.patience import wait_for

HOME = "simulated-DU1234567"
LOGIN = "login.json"
SECRET = "outside the folder, and nobody's business"


@dataclass(frozen=True)
class Case:
    """`poison(folder, outside)` prepares; `says` must stand in log or console. `refused`: the start ends with
    2 and says so. `locked`: it runs, and nobody gets in. `root`: only root can prepare it."""

    name: str
    poison: Callable[[Path, Path], object]
    says: str
    refused: bool = False
    root: bool = False
    locked: bool = False


def saved(**values: Any) -> Callable[[Path, Path], object]:
    content = {"format": 1, "values": {key.replace("__", "."): value for key, value in values.items()}}
    return lambda folder, outside: (folder / "settings.json").write_text(json.dumps(content), encoding="utf-8")


def raw(content: bytes, name: str = "settings.json") -> Callable[[Path, Path], object]:
    def write(folder: Path, outside: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return write


def linked(name: str) -> Callable[[Path, Path], object]:
    def link(folder: Path, outside: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(outside)

    return link


def piped(name: str) -> Callable[[Path, Path], object]:
    def make(folder: Path, outside: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(folder / name)

    return make


def given_away(name: str) -> Callable[[Path, Path], object]:
    def give(folder: Path, outside: Path) -> None:
        path = folder / name
        if name.endswith(".json"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}", encoding="utf-8")
        else:
            path.mkdir(parents=True, exist_ok=True)
        os.chown(path, 65_534, -1)

    return give


def opened_to_all(folder: Path, outside: Path) -> None:
    os.chown(folder, 65_534, -1)
    folder.chmod(0o777)


def pickled(folder: Path, outside: Path) -> None:
    """A state as the library would keep it, with a program in the place of a value."""
    (folder / "state" / "main").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "state" / "main" / "cache.db")) as planted, planted:
        planted.execute("CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value)")
        planted.execute(
            "CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL,"
            " access_time REAL, access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0,"
            " mode INTEGER DEFAULT 0, filename TEXT, value BLOB)"
        )
        row = "INSERT INTO Cache (key, raw, store_time, access_time, mode, value) VALUES ('health', 1, 0, 0, 4, ?)"
        planted.execute(row, [pickle.dumps(_Trap(outside))])


class _Trap:
    def __init__(self, outside: Path) -> None:
        self._outside = outside

    def __reduce__(self) -> Any:
        return Path.write_text, (self._outside, "run")


def newer_journal(folder: Path, outside: Path) -> None:
    (folder / HOME).mkdir(parents=True)
    with closing(sqlite3.connect(folder / HOME / "journal.sqlite3")) as made, made:
        made.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        made.execute("INSERT INTO alembic_version VALUES ('9999')")
        made.execute("CREATE TABLE from_the_future (a, b)")


def token_named(name: str) -> Callable[[Path, Path], object]:
    token = {"name": name, "sha256": "0" * 64, "made_wall": 0}
    return raw(json.dumps({"format": 1, "password": "", "tokens": [token]}).encode(), LOGIN)


HUGE_HASH = b'{"format": 1, "password": "$argon2id$v=19$m=4194304,t=9,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "tokens": []}'
LEFT_OUT = "A saved setting was left out"
CASES = (
    Case("account NUL", saved(broker__account="A\u0000"), LEFT_OUT),
    Case("account option", saved(broker__account="--fresh"), LEFT_OUT),
    Case("account escapes", saved(broker__account="\x1b]0;owned\x07"), LEFT_OUT),
    Case("host", saved(broker__mode="paper", broker__host="a..b\u0000"), LEFT_OUT),
    Case("host label", saved(broker__mode="paper", broker__host="x" * 200), LEFT_OUT),
    Case("mode", saved(broker__mode="margin", broker__port=-1, broker__client_id="x"), LEFT_OUT),
    Case("line limit", saved(lines__limit=10**30, lines__buffer=-5), LEFT_OUT),
    Case("buffer above limit", saved(lines__limit=3, lines__buffer=90), LEFT_OUT),
    Case("thresholds", saved(breakout__bars_n=1e308, breakout__ema_fast=50, breakout__ema_slow=10), LEFT_OUT),
    Case("scans", saved(market_scan__enabled=["\u202e", "x" * 9_999], market_scan__custom={"a\n": {}}), LEFT_OUT),
    Case("sets", saved(sets__saved={"\u0000": {"bars_n": 1}, "Ok": {"bars_n": 10**300}}, sets__shadow="\n"), LEFT_OUT),
    Case("view", saved(view__account="../../etc", positions__ema_fast="fast"), LEFT_OUT),
    Case("simulator", saved(simulator__seed=-1, simulator__speed=1e9, simulator__scenario="$(id)"), LEFT_OUT),
    Case("dashboard", saved(web__host="0.0.0.0", web__open_browser="maybe", log__level="LOUD"), LEFT_OUT),
    Case("every field a list", saved(**{"broker__account": [], "coverage__dwell_s": {}, "log__level": None}), LEFT_OUT),
    Case("unknown settings", saved(future__thing=1, data_dir="/etc"), "is not known to this version"),
    Case("another version", raw(b'{"format": 99, "values": {"a": 1}}'), "another version"),
    Case("no JSON", raw(b"\xff\xfe\x00" * 500), "moved to settings.json.bad-"),
    Case("deep JSON", raw(b"[" * 300_000), "moved to settings.json.bad-"),
    Case("settings linked", linked("settings.json"), "is a link"),
    Case("lock linked", linked("engine.lock"), "engine.lock was a link"),
    Case("log linked", linked("logs/qtrade.log"), "was a link"),
    Case("journal linked", linked(f"{HOME}/journal.sqlite3"), "was a link"),
    Case("folder linked away", linked(f"{HOME}/bars"), "was a link"),
    Case("settings a pipe", piped("settings.json"), "settings.json"),
    Case("simulator state a pipe", piped("simulator-state.json"), "was no file"),
    Case("pickles", pickled, "cache.db"),
    Case("journal of tomorrow", newer_journal, "journal"),
    Case("login damaged", raw(b'{"format": 1, "pass', LOGIN), "login.json is damaged", locked=True),
    Case("login of tomorrow", raw(b'{"format": 99, "keys": []}', LOGIN), "is of a newer QTrade", locked=True),
    Case("login linked", linked(LOGIN), "login.json is a link", locked=True),
    Case("login a pipe", piped(LOGIN), "login.json is no regular file", locked=True),
    Case("login that takes all memory", raw(HUGE_HASH, LOGIN), "no password that can be compared", locked=True),
    Case("token that forges a line", token_named("a\n2026-01-01 ERROR"), "login.json is damaged", locked=True),
    Case("token that steers", token_named("\x1b]0;owned\x07\u202e"), "login.json is damaged", locked=True),
    Case("login of another user", given_away(LOGIN), "login.json belongs to another user", locked=True, root=True),
    Case("settings of another user", given_away("settings.json"), "another user", root=True),
    Case("account's folder of another user", given_away(HOME), "was another user's", root=True),
    Case("all of it another user's", given_away("."), "belongs to user 65534, and QTrade runs as root", root=True),
    Case("another user's, open to all", opened_to_all, "others may write to it", refused=True, root=True),
)


def check(case: Case) -> str:
    """What is wrong; "" = nothing."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder, outside = Path(scratch) / "data", Path(scratch) / "outside"
        folder.mkdir(mode=0o700)
        outside.write_text(SECRET, encoding="utf-8")
        case.poison(folder, outside)
        program = Program(ROOT, folder, "--log-level", "INFO")
        try:
            return _refusal(case, program) if case.refused else _start(case, program, outside)
        finally:
            program.end(signal.SIGKILL)


def _refusal(case: Case, program: Program) -> str:
    code = program.process.wait(60)
    said = program.out.read_text(encoding="utf-8", errors="replace")
    return "" if code == 2 and case.says in said else f"ended with {code} and said {said!r}"


def _start(case: Case, program: Program, outside: Path) -> str:
    try:
        wait_for(lambda: _is_up(case, program), "an engine that runs", every_s=0.2)
        wait_for(lambda: case.says in _said(program), f"the words {case.says!r}", 20.0, every_s=0.2)
    except AssertionError as error:
        return f"did not come up: {error}; {program.out.read_text(errors='replace')[-600:]!r}"
    said = _said(program)
    if outside.read_text(encoding="utf-8") != SECRET or SECRET in said:
        return "touched, or told, what a link leads to"
    steering = [sign for sign in said if not sign.isprintable() and sign not in "\n\t"]
    return f"has {steering[0]!r} in the log" if steering else ""


def _said(program: Program) -> str:
    files = (program.data_dir / "logs" / "qtrade.log", program.out)
    return "".join(each.read_text(encoding="utf-8", errors="replace") for each in files)


def _is_up(case: Case, program: Program) -> bool:
    if not case.locked:
        return _runs(program.status())
    assert not program.status(), "let in without a password"
    health = program.get("/healthz") or {}
    assert set(health) <= {"app", "status"}, health
    return health.get("status") == "ok"


def _runs(status: dict[str, Any]) -> bool:
    """The engine is alive; where its gateway is the simulated one it is connected to it, too."""
    broker = status.get("broker", {})
    is_alive = status.get("heartbeat", {}).get("age_s") is not None
    return is_alive and (broker.get("mode") != "simulated" or broker.get("connected") is True)


def main(arguments: list[str]) -> int:
    is_root = os.name == "posix" and os.geteuid() == 0
    chosen = [case for case in CASES if (not arguments or case.name in arguments) and (is_root or not case.root)]
    wrong = {}
    for case in chosen:
        problem = check(case)
        print(f"{'ok  ' if not problem else 'FAIL'} {case.name}{': ' + problem if problem else ''}", flush=True)
        if problem:
            wrong[case.name] = problem
    figures = {"folders": len(chosen), "wrong": wrong}
    return finish(
        "poisoned", not wrong, figures, f"{len(chosen) - len(wrong)} of {len(chosen)} poisoned folders started"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
