"""Requests that no page sends: bodies for every callback, values for every place of every route. Pure, by a seed.

Routes and callbacks are asked of the app itself, so that what is added later is met too.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from engine.settings.sources import FIELDS

CALLBACK = "/_dash-update-component"
TEXTS = (
    "", " ", "A", "TSLA", "A\u0000", "--fresh", "../../../etc/passwd", "\x1b]0;x\x07", "a\nb", "\u202eabc", "é" * 50,
    "x" * 5_000, "<img src=x onerror=alert(1)>", "%00", "%", "{}", "[]", "null", "nan", "1e999", "-1", "9" * 400,
    "=cmd|'/c calc'!A0", "\ud800", "\U0001f600", "C:\\x", "\\\\nas\\x", "/", "//", ".", "..", "/dev/zero",
    "127.0.0.1", "a..b", "127.0.0.1:80",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**40, 0.5, -0.0, 1e308, 5e-324, [], {}, [[]], [None], {"": None},
    {"action": None}, {"action": "apply"}, {"props": {}}, [1, "a", None, {}],
)  # fmt: skip
ACTIONS = (
    "check", "apply", "preview", "lab-look", "lab-run", "lab-cancel", "revert", "scan", "account", "set", "audit",
    "why", "keepscan", "deletescan", "probe", "line", "find", "nothing", "",
)  # fmt: skip
WORDS = (
    "changes", "change", "name", "on", "do", "text", "con", "as", "host", "port", "account", "kind", "folder",
    "symbols", "days", "ranges", "least", "filters", "scan_code", "instrument", "location", "side", "trusted", "id",
    "note", "list",
)  # fmt: skip
PARAMETERS = (
    "path", "cursor", "sight", "since", "until", "account", "n", "size", "limit", "symbol", "days", "from", "to",
    "kind", "corrected", "perm_id", "format", "tz", "page", "q", "name",
)  # fmt: skip
NAMES = ("apply", "load", "keep", "delete", "shadow", "app", "csv", "Default", "Momentum", "25", "50", "pinned", "all")


@dataclass(frozen=True)
class Ask:
    """One request; `path` is percent-encoded, `body` None = a GET."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path[:200]} {(self.body or b'')[:400]!r}"


def value(rng: random.Random, depth: int = 0) -> Any:
    """Anything that JSON can say."""
    roll = rng.random()
    if roll < 0.35:
        return rng.choice(TEXTS)
    if roll < 0.65 or depth > 3:
        return rng.choice(ODD)
    if roll < 0.75:
        return rng.choice(NAMES)
    if roll < 0.85:
        return rng.choice((rng.randrange(-(2**40), 2**40), rng.uniform(-1e6, 1e6), rng.randrange(0, 300)))
    if roll < 0.92:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice((*WORDS, *TEXTS[:8])): value(rng, depth + 1) for _ in range(rng.randrange(5))}


def form(rng: random.Random) -> dict[str, Any]:
    """What a form's store could hold: nearly right, so that it gets as far as it can."""
    asked: dict[str, Any] = {"id": f"{rng.getrandbits(128):032x}", "action": rng.choice(ACTIONS)}
    if asked["action"] in ("check", "apply", "preview"):
        asked["changes"] = {rng.choice(list(FIELDS)): value(rng) for _ in range(rng.randrange(1, 4))}
    for name in rng.sample(WORDS, rng.randrange(8)):
        asked[name] = value(rng)
    if rng.random() < 0.1:
        asked["id"] = value(rng)
    return asked


def callback(rng: random.Random, spec: dict[str, Any]) -> Ask:
    """A body for one callback of `/_dash-dependencies`, mutated in one place or more."""

    def filled(entries: Sequence[dict[str, Any]]) -> list[Any]:
        return [{**one, "value": form(rng) if rng.random() < 0.5 else value(rng)} for one in entries]

    body: Any = {
        "output": spec["output"],
        "outputs": outputs_of(spec["output"]),
        "inputs": filled(spec["inputs"]),
        "state": filled(spec["state"]),
        "changedPropIds": [f"{one['id']}.{one['property']}" for one in spec["inputs"]][:1],
    }
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        key = rng.choice([*body, "parsedChangedPropsIds", "background", "extra"])
        roll = rng.random()
        if roll < 0.3:
            body.pop(key, None)
        elif roll < 0.6 and isinstance(body.get(key), list) and body[key]:
            body[key] = [*body[key][:-1], value(rng)] if rng.random() < 0.5 else body[key][:-1]
        else:
            body[key] = value(rng)
    raw = json.dumps(body).encode()
    roll = rng.random()
    if roll < 0.03:
        raw = raw[: rng.randrange(len(raw) + 1)]
    elif roll < 0.05:
        raw = bytes(rng.getrandbits(8) for _ in range(rng.randrange(200)))
    elif roll < 0.06:
        raw = b"[" * rng.choice((10, 100_000))
    kind = "application/json" if rng.random() < 0.97 else rng.choice(("text/plain", "", "application/json; charset=x"))
    return Ask("POST", CALLBACK, raw, {"Content-Type": kind})


def outputs_of(output: str) -> Any:
    """As the renderer names them."""
    if output.startswith(".."):
        return [outputs_of(one) for one in output[2:-2].split("...")]
    name, _, prop = output.rpartition(".")
    return {"id": name, "property": prop}


def route(rng: random.Random, rule: str, methods: Sequence[str]) -> Ask:
    """A request for one rule, with hostile values in its places and its query."""
    path = re.sub(r"<[^>]*>", lambda _: quote(_text(rng), safe="/" if rng.random() < 0.5 else ""), rule)
    if rng.random() < 0.1:
        path += "/" + quote(_text(rng), safe="")
    pairs = [f"{rng.choice(PARAMETERS)}={quote(_text(rng))}" for _ in range(rng.randrange(4))]
    if pairs:
        path += "?" + "&".join(pairs)
    method = (
        rng.choice(methods) if rng.random() < 0.9 else rng.choice(("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "X"))
    )
    body = None if method in ("GET", "HEAD", "OPTIONS") else json.dumps(value(rng)).encode()
    return Ask(method, path, body, {"Content-Type": "application/json"} if body is not None else {})


def _text(rng: random.Random) -> str:
    return (
        rng.choice((*TEXTS[:-8], "265598", "TSLA", "SPY", "1", "dash", "x.js", *NAMES))
        .encode("utf-8", "replace")
        .decode()[:2_000]
    )


def asks(
    rng: random.Random, rules: Sequence[tuple[str, Sequence[str]]], callbacks: Sequence[dict[str, Any]], count: int
) -> Iterator[Ask]:
    """`count` requests; each rule and callback comes round."""
    for number in range(count):
        if number % 4 and callbacks:
            yield callback(rng, callbacks[number % len(callbacks)])
        else:
            yield route(rng, *rules[rng.randrange(len(rules))])
