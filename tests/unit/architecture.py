"""The arrows of the house as a checker over source trees; `test_architecture.py` runs it on this one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_LINES = 800  # a module holds one idea, whatever its length; beyond this it rarely does
CLIENT_LIBRARIES = frozenset({"ib_insync", "ib_async", "eventkit"})
WEB_LIBRARIES = frozenset({"dash", "plotly", "flask", "dash_bootstrap_components", "dash_ag_grid"})
ENGINE_ROOT = frozenset({"engine", "engine.domain", "engine.errors", "engine.codes", "engine.clock", "engine.config"})
LAUNCHERS = frozenset({"__main__", "engine.__main__"})  # app.py, `python -m engine`: nobody imports them
ORDER_WORDS = frozenset(
    {
        "placeOrder",
        "cancelOrder",
        "reqGlobalCancel",
        "exerciseOptions",
        "whatIfOrder",
        "whatIfOrderAsync",
        "bracketOrder",
    }
)
# A value that is a program: whoever can write a file of ours would be run by it.
PROGRAM_LIBRARIES = frozenset({"pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle"})
PROGRAM_CALLS = frozenset({"eval", "exec", "compile", "__import__"})
# Values and protocols that the rooms share: the domain, errors, clocks, settings, codes, and the two seams (what the
# broker offers, what is published); how small files are written. They import only each other.
SEAMS = frozenset(
    {
        "engine.domain",
        "engine.errors",
        "engine.clock",
        "engine.config",
        "engine.codes",
        "engine.prices",
        "engine.storage.atomic",
        "engine.storage.build_id",
        "engine.storage.encodable",
        "engine.storage.places",
        "engine.storage.private",
        "engine.storage.rescues",
        "engine.storage.urls",
        "engine.broker.port",
        "engine.state.commands",
        "engine.state.sections",
        "engine.state.score_sections",
        "engine.state.scan_sections",
        "engine.state.lab_sections",
        "engine.state.incident_sections",
        "engine.state.alert_sections",
        "engine.state.counter_sections",
        "engine.state.desk_sections",
        "engine.state.engine_sections",
        "engine.state.watchlist_sections",
    }
)

# Room -> what else of ours it may import. A room may import itself. The most specific room of a module counts.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "engine.domain": frozenset(),
    "engine.clock": frozenset(),
    "engine.errors": frozenset({"engine.domain"}),
    "engine.config": frozenset({"engine.domain"}),
    "engine.codes": frozenset({"engine.domain", "engine.errors"}),
    "engine.prices": frozenset({"engine.domain"}),
    "engine.storage": frozenset(),
    "engine.logs": frozenset({"engine.clock", "engine.storage"}),
    "engine.broker": SEAMS,
    "engine.contracts": SEAMS,
    "engine.coverage": SEAMS | {"engine.lines", "engine.bars", "engine.breakout", "engine.broker.pacing"},
    "engine.lines": SEAMS,
    "engine.bars": SEAMS | {"engine.storage"},
    "engine.breakout": SEAMS | {"engine.bars"},
    "engine.portfolio": SEAMS | {"engine.bars"},
    "engine.trades": SEAMS
    | {
        "engine.bars",
        "engine.journal.rows",
        "engine.journal.contract_names",
        "engine.journal.stand_ins",
        "engine.portfolio.fills",
        "engine.portfolio.valuation",
    },
    "engine.scanners": SEAMS | {"engine.breakout", "engine.coverage", "engine.bars", "engine.contracts"},
    "engine.outcomes": SEAMS | {"engine.breakout", "engine.bars", "engine.journal", "engine.scanners", "engine.lab"},
    "engine.archive": SEAMS | {"engine.bars", "engine.storage"},
    "engine.lab": SEAMS | {"engine.archive", "engine.breakout", "engine.bars", "engine.outcomes"},
    "engine.state": SEAMS | {"engine.storage"},
    "engine.journal": SEAMS | {"engine.storage"},
    "engine.statements": SEAMS | {"engine.bars", "engine.journal", "engine.storage"},
    "engine.settings": SEAMS | {"engine.journal", "engine.scanners", "engine.state"},
    "engine.health": SEAMS,
    "engine.alerts": SEAMS | {"engine.logs.redaction"},
    "engine.watchlists": SEAMS,
    "engine.fleet": SEAMS
    | {"engine.state", "engine.journal", "engine.storage", "engine.portfolio.sums", "engine.portfolio.valuation"},
    "engine.sharding": SEAMS | {"engine.state.roll", "engine.storage"},
    "engine.kernel": frozenset({"engine"}),  # engine, its assembly and their parts: introduce the rooms to each other
    "app.launch": frozenset({"app", "engine"}),
    "app.metrics": frozenset({"app.deps", "app.login", "app.snapshots", "engine.state"}),
    "app.login": frozenset(
        {"app.rates", "app.security", "engine.clock", "engine.config", "engine.errors", "engine.storage"}
    ),
    "app.pages": frozenset({"app.ids", "app.components"}),
    "app.components": frozenset({"app.ids", "app.theme", "app.format", "engine.domain"}),
    "app": frozenset(
        {
            "app",
            "engine.domain",
            "engine.errors",
            "engine.clock",
            "engine.config",
            "engine.state",
            "engine.fleet",
            "engine.journal",
            "engine.statements.coverage",
            "engine.statements.port",
            "engine.statements.verdicts",
            "engine.logs.reading",
            "engine.logs.redaction",
            "engine.alerts.kinds",
            "engine.bars.aggregate",
            "engine.bars.bar_files",
            "engine.bars.hours",
            "engine.bars.trading_day",
            "engine.storage.encodable",
            "engine.prices.decimals",
            "engine.portfolio.fills",
            "engine.portfolio.valuation",
            "engine.trades",
        }
    ),
    "simulator": frozenset(),
}
# Imports inside functions are for choices made at start, and for what few starts need.
LATE_IMPORTS_ALLOWED = (
    "engine.broker.",
    "engine.journal.database",
    "engine.state.stores",
    "engine.archive.writer",
    "engine.lab.cluster",
    "engine.lab.sources",
    "app.launch.launch",
    "app.launch.ending",
)


@dataclass
class Module:
    """One file: its dotted name and what it imports, anywhere in it."""

    name: str
    path: Path
    tree: ast.Module
    lines: int
    speaks_of_orders: bool
    imports: list[tuple[str, int]] = field(default_factory=list)  # dotted name, line
    late: list[tuple[str, int]] = field(default_factory=list)


def load(root: Path) -> dict[str, Module]:
    """All modules of app/, engine/ and simulator/, and app.py under the name "__main__"."""
    modules = {}
    for package in ("app", "engine", "simulator"):
        for path in sorted((root / package).rglob("*.py")):
            parts = list(path.relative_to(root).with_suffix("").parts)
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            modules[name] = parse(name, path)
    launcher = root / "app.py"
    if launcher.exists():
        modules["__main__"] = parse("__main__", launcher)
    return modules


def parse(name: str, path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    module = Module(name, path, ast.parse(text), text.count("\n"), any(word in text for word in ORDER_WORDS))
    for node, is_late in statements(module.tree, False):
        for target in imported(node):
            module.imports.append((target, node.lineno))
            if is_late:
                module.late.append((target, node.lineno))
    return module


def statements(of: ast.AST, is_inside: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement under `of`, and whether a function holds it."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(of, part, ()):
            if isinstance(node, ast.stmt):
                yield node, is_inside
            yield from statements(node, is_inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield "." * node.level + (node.module or "")
        if node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str | None:
    """The most specific room that a module belongs to."""
    fitting = [room for room in MAY_IMPORT if name == room or name.startswith(room + ".")]
    return max(fitting, key=len, default=None)


def violations(root: Path) -> list[str]:
    """Every broken rule as "place: what"."""
    modules = load(root)
    found = list(empty_package(root))
    for module in modules.values():
        found += wrong_arrows(module, modules)
        found += wrong_libraries(module)
        found += wrong_shape(module)
        found += order_words(module)
        found += programs_in_values(module)
    return found + list(cycles(modules))


def place(module: Module, line: int) -> str:
    return f"{module.path.name if module.name == '__main__' else module.name}:{line}"


def empty_package(root: Path) -> Iterator[str]:
    init = root / "app" / "__init__.py"
    if not init.exists():
        yield "app/__init__.py: missing; `import app` would run app.py a second time"
    elif init.read_text(encoding="utf-8").strip():
        yield "app/__init__.py: must stay empty"


def wrong_arrows(module: Module, modules: dict[str, Module]) -> Iterator[str]:
    room = room_of(module.name)
    for target, line in module.imports:
        if target not in modules or module.name in LAUNCHERS:
            continue
        if target.startswith("app.launch") and not module.name.startswith("app.launch"):
            yield f"{place(module, line)}: imports {target}; only app.py may import the launcher"
        elif room is None:
            yield f"{place(module, line)}: {module.name} belongs to no room"
        elif not allowed(module.name, room, target):
            yield f"{place(module, line)}: {room} may not import {target}"


def allowed(name: str, room: str, target: str) -> bool:
    own = target == room or target.startswith(room + ".")
    if room == "app.pages" and own:
        return False  # Dash would run a page twice
    if name.startswith("app.callbacks") and target.startswith("app.pages"):
        return False
    packages = {target}  # importing a.b.c runs a and a.b too, which are empty or of the same room
    return (
        own
        or any(p == may or p.startswith(may + ".") for p in packages for may in MAY_IMPORT[room])
        or (
            # The package of an allowed module: `from engine.broker.port import X` names engine.broker only.
            any(may.startswith(target + ".") for may in MAY_IMPORT[room])
        )
    )


def wrong_libraries(module: Module) -> Iterator[str]:
    for target, line in module.imports:
        top = target.split(".")[0]
        if top in CLIENT_LIBRARIES and not module.name.startswith("engine.broker"):
            yield f"{place(module, line)}: only engine/broker may import {top}"
        if top in WEB_LIBRARIES and module.name.startswith(("engine", "simulator")):
            yield f"{place(module, line)}: {module.name.split('.')[0]} may not import {top}"
        if module.name.startswith("simulator") and is_foreign(top):
            yield f"{place(module, line)}: the simulator may not import {top}"


def is_foreign(top: str) -> bool:
    return top not in sys.stdlib_module_names and top not in {"simulator", "numpy", "yaml", ""}


def wrong_shape(module: Module) -> Iterator[str]:
    if module.name.startswith("engine.") and module.name.count(".") == 1 and module.name not in ENGINE_ROOT | LAUNCHERS:
        if module.path.name != "__init__.py":
            yield f"{module.name}: only values that all rooms share stand at the root of engine; this belongs in a room"
    if module.lines > MAX_LINES:
        yield f"{module.name}: {module.lines} lines; at most {MAX_LINES}"
    for target, line in module.imports:
        if target.startswith("."):
            yield f"{place(module, line)}: relative import {target}"
        if target.endswith(".*"):
            yield f"{place(module, line)}: star import of {target}"
    may_be_late = module.name in LAUNCHERS or module.name.startswith(LATE_IMPORTS_ALLOWED)
    if not may_be_late:
        for target, line in module.late:
            yield f"{place(module, line)}: import of {target} inside a function"


def order_words(module: Module) -> Iterator[str]:
    """Names of order calls in code; a comment or docstring may speak of them."""
    if module.name.startswith("simulator") or not module.speaks_of_orders:
        return
    for node in ast.walk(module.tree):
        word = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
        if isinstance(node, ast.Constant) and node.value in ORDER_WORDS:
            word = node.value
        if word in ORDER_WORDS:
            yield f"{place(module, node.lineno)}: order call {word}"


def programs_in_values(module: Module) -> Iterator[str]:
    """Nothing that is read, stored or typed is ever run."""
    for target, line in module.imports:
        if target.split(".")[0] in PROGRAM_LIBRARIES:
            yield f"{place(module, line)}: {target} runs what it reads"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PROGRAM_CALLS:
            yield f"{place(module, node.lineno)}: {node.func.id} runs a text"


def cycles(modules: dict[str, Module]) -> Iterator[str]:
    """Circles among module-level imports."""
    arrows = {m.name: sorted({t for t, _ in m.imports if t in modules and t != m.name}) for m in modules.values()}
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> Iterator[str]:
        if name in path:
            yield "import cycle: " + " -> ".join([*path[path.index(name) :], name])
            return
        if name in done:
            return
        for target in arrows[name]:
            yield from visit(target, [*path, name])
        done.add(name)

    for name in arrows:
        yield from visit(name, [])
