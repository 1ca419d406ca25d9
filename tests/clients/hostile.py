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
    "127.0.0.1", "a..b", "127.0.0.1:80", "9" * 5_000, f"000000001{'9' * 5_000}", "Infinity", "-inf", "1e308",
    "0001-01-01", "9999-12-31", "0001-01", "2025-02-30", "\u0663", "Europe/Berlin", "../Europe", "\ufeff", "a" * 255,
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
ANY_PARAMETER = ("path", "account", "name", "n", "format", "tz", "page", "q", "days", "kind", "perm_id")
# A route that refuses what it does not know is asked by words that it knows, too.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "/feed": ("path", "cursor", "sight"),
    "/login": ("next",),
    "/journal/data": (
        "view", "account", "from", "to", "symbol", "side", "tag", "source", "currency", "month", "day",
    ),
    "/journal/curves": ("range",),
    "/api/v1/alerts": ("after",),
    "/api/v1/bars": ("size", "n"),
    "/api/v1/fills": ("since", "until", "account", "all", "limit"),
    "/api/v1/journal/statements": ("name", "dates", "zone", "again", "account:U1"),
    "/api/v1/journal": ("account", "symbol", "from", "to", "all", "limit", "tag", "side", "excursion", "base", "by"),
    "/api/v1/log": ("level", "text", "before", "n"),
    "/api/v1/pnl": ("since", "account"),
    "/api/v1/positions": ("account",),
}  # fmt: skip
RIGHT = (
    "trades", "calendar", "bookings", "statistics", "equity", "executions", "signals", "changes", "long", "short",
    "api", "USD", "1m", "5m", "1d", "day", "5d", "1h", "0", "ERROR", "symbol", "hour", "all", "2025-11-10", "1",
    "/symbol/TSLA", "income",
)  # fmt: skip
HEADERS: dict[str, tuple[str, ...]] = {
    "Range": ("bytes=0-", "bytes=5-1", "bytes=a-b", "bytes=0-0,1-1", f"bytes=0-{'9' * 400}", "rows=1", "bytes=-0"),
    "If-None-Match": ("*", '"a', "W/", '"' + "x" * 2_000 + '"'),
    "If-Modified-Since": ("never", "Mon, 99 Xxx 9999 99:99:99 GMT", "0", "Sat, 01 Jan 0001 00:00:00 GMT"),
    "If-Range": ('"x"', "now"),
    "Cookie": (
        "qtrade-zone=../../etc/passwd", "qtrade-zone=Europe/Berlin", "qtrade-zone=%00", "qtrade-zone=" + "A/" * 2_000,
        "=;=;=", "qtrade-8052=" + "x" * 5_000, "a" * 4_000, "qtrade-zone=\xff", "qtrade-zone=Europe",
    ),
    "Authorization": ("Bearer", "Bearer " + "x" * 5_000, "Basic !!!", "Digest a=", "bearer \xff", "Basic OjpYOjo="),
    "Accept": ("*/*;q=x", "text/html", ",,,;;;", "a/b;q=" + "9" * 400),
    "Accept-Encoding": ("gzip;q=1e999", "br", "\xff", "gzip,,"),
    "Accept-Language": ("xx-" * 500, ";q="),
    "X-QT-Page-Build": ("", "other", "\xff"),
    "X-Forwarded-For": ("1.2.3.4", "\xff", "," * 200),
    "X-Forwarded-Host": ("evil.example",),
    "Sec-Fetch-Mode": ("navigate", "x"),
    "Sec-Fetch-Site": ("same-origin", "none"),
    "Origin": ("null", "http://", "http://[", "file:///"),
    "Referer": ("\xff", "http://[::1"),
    "Content-Encoding": ("gzip", "x"),
    "X-HTTP-Method-Override": ("DELETE",),
}  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "X")
TYPES = (
    "application/json", "application/json; charset=x", "application/octet-stream", "text/plain", "", "text/xml", "a",
    "multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/x+json",
)  # fmt: skip
STATEMENTS = (
    b"", b"\x00" * 100, b"<FlexQueryResponse", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b"<a>" * 3_000, b"Statement,Header,Field Name\n" * 200, b"\xff\xfe<\x00", b"PK\x03\x04", b'"' * 5_000,
    b"ClientAccountID,CurrencyPrimary\nU1,\xff\n", b"Trades,Data,Order,Stocks,USD,A,9e999,NaN,x,y,z\n",
    b'<?xml version="1.0"?><FlexQueryResponse queryName="a"><FlexStatements count="1"><FlexStatement accountId="U1">'
    b'<Trades><Trade accountId="U1" quantity="NaN" tradePrice="1e999" tradeID="\x00" dateTime="x"/></Trades>'
    b"</FlexStatement></FlexStatements></FlexQueryResponse>",
)  # fmt: skip
NO_NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "9" * 5_000,
    '"\\ud800"',
    '"\\udc00\\ud800"',
    "01",
    "'",
)
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


def raw(rng: random.Random, body: Any) -> bytes:
    """The JSON of a body: sometimes with what is no JSON, half a sign or no number in a value's place, or cut."""
    text = json.dumps(body)
    roll = rng.random()
    if roll < 0.15:
        places = [match.span() for match in re.finditer(r"null|true|false|-?\d+(?:\.\d+)?", text)]
        if places:
            begin, end = rng.choice(places)
            text = text[:begin] + rng.choice(NO_NUMBERS) + text[end:]
    elif roll < 0.18:
        text = text[: rng.randrange(len(text) + 1)]
    elif roll < 0.20:
        return bytes(rng.getrandbits(8) for _ in range(rng.randrange(200)))
    elif roll < 0.22:
        opening, closing = rng.choice((("[", "]"), ('{"a":', "}"), ("[", "")))
        deep = rng.choice((10, 900, 100_000))
        return (opening * deep + "1" + closing * deep).encode()
    elif roll < 0.24:
        return text.encode() + rng.choice((b"\xff", b"\xed\xa0\x80", b"\x00", b"{}"))
    elif roll < 0.25:
        return text.encode("utf-16")
    return text.encode()


def headers(rng: random.Random) -> dict[str, str]:
    """Some of those that decide something, with values that no browser sends."""
    if rng.random() < 0.7:
        return {}
    return {name: rng.choice(HEADERS[name]) for name in rng.sample(list(HEADERS), rng.randrange(1, 4))}


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
    kind = "application/json" if rng.random() < 0.97 else rng.choice(TYPES)
    return Ask("POST", CALLBACK, raw(rng, body), {"Content-Type": kind, **headers(rng)})


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
    words = next((PARAMETERS[at] for at in sorted(PARAMETERS, reverse=True) if rule.startswith(at)), ANY_PARAMETER)
    if rng.random() < 0.2:
        words = ANY_PARAMETER
    pairs = [
        f"{quote(rng.choice(words))}={quote(_text(rng) if rng.random() < 0.6 else rng.choice(RIGHT))}"
        for _ in range(rng.randrange(4))
    ]
    if pairs:
        path += "?" + "&".join(pairs)
    method = rng.choice(methods) if rng.random() < 0.9 else rng.choice(METHODS)
    if method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return Ask(method, path, None, headers(rng))
    body = rng.choice(STATEMENTS) if "statements" in rule and rng.random() < 0.8 else raw(rng, sent(rng, rule))
    usual = "application/octet-stream" if body in STATEMENTS else "application/json"
    kind = usual if rng.random() < 0.9 else rng.choice(TYPES)
    return Ask(method, path, body, {"Content-Type": kind, **headers(rng)})


def sent(rng: random.Random, rule: str) -> Any:
    """What is posted there, nearly right."""
    if rng.random() < 0.3:
        return value(rng)
    if rule.startswith("/export"):
        column = {"head": _text(rng)[:150], "kind": rng.choice(("text", "number", "x")), "unit": rng.choice(TEXTS[:8])}
        cells = [rng.choice((value(rng), {"at": rng.choice((0, -1e18, 1e308, 2**63, 1.7e9))})) for _ in range(3)]
        table = {"title": _text(rng)[:250], "columns": [column] * rng.randrange(3), "rows": [cells, cells[:1], []]}
        return {"name": _text(rng)[:250], "format": rng.choice(("csv", "xlsx", "x")), "tables": [table]}
    if rule.startswith("/login"):
        return {rng.choice(("password", "once", "x")): value(rng)}
    return form(rng)


def _text(rng: random.Random) -> str:
    return (
        rng.choice((*TEXTS, "265598", "TSLA", "SPY", "1", "dash", "x.js", *NAMES)).encode("utf-8", "replace").decode()
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
