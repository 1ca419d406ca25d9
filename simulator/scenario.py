"""Scenario files: a day of the market and what happens on it, as YAML ("at t, do x").

    about: The data farm flaps twice
    start: 2025-11-05T10:00
    steps:
      - {at: 60, do: farm, which: data, seconds: 5}
      - {at: "10:02", do: mute_ticks, contract: CLZ5, seconds: 30}
      - {after: 20, do: clear}

`at` is market time: seconds since the start, a New York clock time (the next one), or an ISO moment. `after` is wall
seconds since the step before. Durations inside of a step are wall seconds, as at the control port. Everything is
checked before the simulator starts; the errors name file and line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from simulator.fault_params import Param, ParamError, check
from simulator.market_time import NEW_YORK

FOLDER = Path(__file__).parent / "scenarios"
DEFAULT = "weekday"
FIRST_DAY, LAST_DAY = "2024-10-01", "2026-12-31"  # of the simulated market, with some history before it
MAX_BYTES = 1 << 20

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\Z")

Actions = Mapping[str, Mapping[str, Param]]


class ScenarioError(ValueError):
    """The file can't be used; the text says where, what was found, the rule and the cure."""


@dataclass(frozen=True, slots=True)
class Step:
    """`at` is market time, epoch seconds; None = `after_s` wall seconds behind the step before."""

    line: int
    action: str
    params: dict[str, Any]
    at: float | None = None
    after_s: float = 0.0
    contract: str = ""  # a local symbol whose con_id is a parameter


@dataclass(frozen=True, slots=True)
class Scenario:
    """`start` is market time, epoch seconds. `options` are those of the command line that the file sets."""

    name: str
    about: str
    start: float
    options: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise ValueError
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 < value <= 10_000:
        raise ValueError
    return value


def _portfolio(text: str) -> str:
    if text not in ("demo", "world"):
        raise ValueError
    return text


OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "speed": (_positive, "market seconds a second, a number above 0"),
    "portfolio": (_portfolio, "demo or world"),
    "accounts": (_count, "a whole number from 1 on"),
    "line_limit": (_count, "a whole number from 1 on"),
}
KEYS = ("about", "start", *OPTIONS, "steps")


def built_in() -> dict[str, Path]:
    """The scenarios that come with the simulator, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def find(name: str) -> Path:
    """The file of a built-in scenario, or a path to one. Raises ScenarioError."""
    known = built_in()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path
    near = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ScenarioError(f"--scenario {name}: is neither a built-in scenario nor a YAML file. Built in are: "
                        f"{', '.join(known)}.{hint}")  # fmt: skip


@lru_cache(maxsize=64)
def start_of(name: str) -> float:
    """When a built-in scenario begins, epoch seconds. Raises ScenarioError."""
    path = find(name)
    document = _Document(path.name, path.read_text(encoding="utf-8"))
    return document.moment(document.top(), "start")


def load(path: Path, actions: Actions) -> Scenario:
    """The scenario of a file, checked against what can be done. Raises ScenarioError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError(f"{path.name}: is larger than a megabyte; a scenario is a page of text.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"{path.name}: can't be read ({problem}). Save it as UTF-8 text.") from None
    return parse(path.name, path.stem, text, actions)


def parse(where: str, name: str, text: str, actions: Actions) -> Scenario:
    """As `load`, of a text; `where` is what errors call the file."""
    document = _Document(where, text)
    top = document.top()
    about = top.get("about")
    if about is None or not document.text(about).strip():
        raise document.error(about or document.root, "about", "says what happens on that day, in a line")
    start = document.moment(top, "start")
    options = {key: document.option(key, top[key]) for key in OPTIONS if key in top}
    steps: list[Step] = []
    latest = start
    for node in document.sequence(top.get("steps")):
        step = document.step(node, start, latest, actions)
        if step.at is not None:
            latest = step.at
        steps.append(step)
    return Scenario(name, document.text(about).strip(), start, options, tuple(steps))


class _Document:
    """One YAML text as nodes, which know their lines."""

    def __init__(self, where: str, text: str) -> None:
        self._where = where
        try:
            loader = yaml.SafeLoader(text)
            node = loader.get_single_node()
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            found = getattr(problem, "problem", None) or "not YAML"
            raise ScenarioError(
                f"{where}{line}: {found}; must be YAML, 'name: value' lines indented by spaces. Correct that line."
            ) from None
        if not isinstance(node, yaml.MappingNode):
            raise ScenarioError(f"{where}: must hold {', '.join(KEYS)}, as 'name: value' lines.")
        self.root: yaml.MappingNode = node

    def error(self, node: yaml.Node, what: str, rule: str) -> ScenarioError:
        """`what` is the key; the node's own text is what was found."""
        found = f" is {node.value!r};" if isinstance(node, yaml.ScalarNode) else ""
        return ScenarioError(f"{self._where}, line {node.start_mark.line + 1}: {what}{found} must be: {rule}.")

    def top(self) -> dict[str, yaml.Node]:
        found = self._mapping(self.root)
        for key, node in found.items():
            if key not in KEYS:
                raise self._unknown(node, key, KEYS)
        return found

    def _unknown(self, node: yaml.Node, key: str, known: tuple[str, ...]) -> ScenarioError:
        near = difflib.get_close_matches(key, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        line = node.start_mark.line + 1
        return ScenarioError(f"{self._where}, line {line}: {key} is unknown; known are {', '.join(known)}.{hint}")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self.text(key)
            if name in found:
                raise ScenarioError(f"{self._where}, line {key.start_mark.line + 1}: {name} stands there twice; "
                                    "keep one of them.")  # fmt: skip
            found[name] = value
        return found

    def text(self, node: yaml.Node) -> str:
        """A scalar as it is written: YAML would read 23:45 as a number of seconds."""
        if not isinstance(node, yaml.ScalarNode):
            raise ScenarioError(f"{self._where}, line {node.start_mark.line + 1}: must be one word or line of text.")
        return str(node.value)

    def sequence(self, node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, "steps", "a list, each step on a line that begins with '- '")
        for item in node.value:
            if not isinstance(item, yaml.MappingNode):
                raise self.error(item, "a step", "'at' or 'after', 'do', and what that needs")
            yield item

    def moment(self, top: Mapping[str, yaml.Node], key: str) -> float:
        """The start. Raises ScenarioError."""
        rule = f"a New York date and time such as 2025-11-05T10:00, from {FIRST_DAY} to {LAST_DAY}"
        node = top.get(key)
        if node is None:
            raise ScenarioError(f"{self._where}: {key} is missing; it must be {rule}.")
        moment = _iso(self.text(node))
        if moment is None or not FIRST_DAY <= f"{moment:%Y-%m-%d}" <= LAST_DAY:
            raise self.error(node, key, rule)
        return moment.timestamp()

    def option(self, key: str, node: yaml.Node) -> Any:
        read, rule = OPTIONS[key]
        try:
            return read(self.text(node))
        except ValueError:
            raise self.error(node, key, rule) from None

    def step(self, node: yaml.MappingNode, start: float, latest: float, actions: Actions) -> Step:
        """One step; its market time may not lie before `latest`. Raises ScenarioError."""
        line, found = node.start_mark.line + 1, self._mapping(node)
        if ("at" in found) == ("after" in found):
            said = "both at and after" if "at" in found else "neither at nor after"
            raise ScenarioError(f"{self._where}, line {line}: the step has {said}; give one of them.")
        if "do" not in found:
            raise ScenarioError(
                f"{self._where}, line {line}: the step has no do; one of: {', '.join(sorted(actions))}."
            )
        action = self.text(found["do"])
        if action not in actions:
            raise self._unknown(found["do"], action, tuple(sorted(actions)))
        params = {key: self._value(value) for key, value in found.items() if key not in _RESERVED}
        contract = self.text(found["contract"]) if "contract" in found else ""
        if contract and ("con_id" not in actions[action] or "con_id" in params):
            rule = "only in a step about one contract, and without a con_id"
            raise self.error(found["contract"], "contract", rule)
        try:
            check(action, actions[action], params | ({"con_id": 1} if contract else {}))
        except ParamError as problem:
            raise ScenarioError(f"{self._where}, line {line}: {problem}.") from None
        at, after_s = self._time(found, start, latest)
        return Step(line, action, params, at, after_s, contract)

    def _time(self, found: Mapping[str, yaml.Node], start: float, latest: float) -> tuple[float | None, float]:
        if "after" in found:
            seconds = _number(self.text(found["after"]))
            if seconds is None or seconds < 0:
                raise self.error(found["after"], "after", "wall seconds since the step before, from 0 on")
            return None, seconds
        node = found["at"]
        at = _market_time(self.text(node), start, latest)
        if at is None:
            rule = "seconds since the start, a New York time such as 16:05 or 16:05:30, or 2025-11-05T16:05"
            raise self.error(node, "at", rule)
        if f"{datetime.fromtimestamp(at, NEW_YORK):%Y-%m-%d}" > LAST_DAY:
            raise self.error(node, "at", f"by the end of {LAST_DAY}, the last day of this market")
        if at < latest:
            shown = f"{datetime.fromtimestamp(latest, NEW_YORK):%Y-%m-%d %H:%M:%S}"
            raise self.error(node, "at", f"not before the step above it or the start, {shown} in New York")
        return at, 0.0

    def _value(self, node: yaml.Node) -> Any:
        loader = yaml.SafeLoader("")
        try:
            value = loader.construct_object(node, deep=True)
        except yaml.YAMLError:
            raise self.error(node, "a value", "text, a number, true, false or a list of them") from None
        return value


_RESERVED = frozenset({"at", "after", "do", "contract"})


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK)


def _market_time(text: str, start: float, latest: float) -> float | None:
    """Epoch seconds; a clock time is the first one from `latest` on."""
    if (seconds := _number(text)) is not None:
        return start + seconds
    match = _CLOCK.match(text)
    if match is None:
        moment = _iso(text) if "T" in text or " " in text else None
        return moment.timestamp() if moment is not None else None
    hour, minute, second = (int(part or 0) for part in match.groups())
    if hour > 23 or minute > 59 or second > 59:
        return None
    day = datetime.fromtimestamp(latest, NEW_YORK)
    clock = day.replace(hour=hour, minute=minute, second=second, microsecond=0, fold=0)
    for candidate in (clock, clock.replace(fold=1), (clock + timedelta(days=1)).replace(fold=0)):
        if candidate.timestamp() >= latest:
            return candidate.timestamp()
    return None
