"""Where a tab's time goes: a trace of Chromium, summed by kind of work and by thread, and samples, summed by function.

Pure: it reads the events of a trace (the format of chrome://tracing) and what CDP's Profiler.stop answers. Times of a
trace are CPU of the thread (`tdur`), so that other work on the machine does not count; those of samples are wall time.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CATEGORIES = ("devtools.timeline", "v8", "cc", "toplevel")  # with these a page costs what it costs untraced
KINDS = {
    "GC": r"GC|ComputeWeakness",
    "style": r"UpdateLayoutTree|Style",
    "layout": r"^Layout( |$)|IntersectionObserver|HitTest",
    "paint": r"Paint|Layer|Frame|Animation|Recording|Scroll|cc::",
    "script": r"EvaluateScript|FunctionCall|Timer|Microtask|V8|v8|EventDispatch|XHR|IdleCallback|ParseHTML",
}
_KINDS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}
FORCED = ("Layout", "UpdateLayoutTree")  # within script: somebody read a size that was out of date
MAIN, NO_FUNCTION = "CrRendererMain", ("(idle)", "(program)", "(root)")


@dataclass(frozen=True)
class Task:
    """One kind of task on the main thread: its own milliseconds (without those of tasks inside it) and how many."""

    name: str
    ms: float
    count: int

    @property
    def kind(self) -> str:
        return next((kind for kind, pattern in _KINDS.items() if pattern.search(self.name)), "other")


@dataclass(frozen=True)
class Traced:
    """`tasks` of the main thread; `threads`: milliseconds of every thread of the process, pools as one."""

    tasks: Sequence[Task]
    threads: Mapping[str, float]

    @property
    def kinds(self) -> dict[str, float]:
        """Milliseconds of the main thread by kind of work."""
        spent: defaultdict[str, float] = defaultdict(float)
        for task in self.tasks:
            spent[task.kind] += task.ms
        return dict(spent)

    @property
    def frames(self) -> int:
        """How often the page was drawn anew."""
        return sum(task.count for task in self.tasks if task.name == "ProxyMain::BeginMainFrame")


def traced(events: Iterable[Mapping[str, Any]], pid: int) -> Traced:
    """What the renderer process `pid` did."""
    mine = [event for event in events if event.get("pid") == pid]
    names = {event["tid"]: event["args"]["name"] for event in mine if event.get("name") == "thread_name"}
    by_thread: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for event in mine:
        if event.get("ph") == "X" and "dur" in event:
            by_thread[event["tid"]].append(event)
    threads: defaultdict[str, float] = defaultdict(float)
    spent: defaultdict[str, float] = defaultdict(float)
    count: Counter[str] = Counter()
    for tid, ran in by_thread.items():
        thread = names.get(tid, "?")
        for name, self_ms in self_times(ran):
            threads[re.sub(r"[/\d]+$", "", thread)] += self_ms
            if thread == MAIN:
                spent[name] += self_ms
                count[name] += 1
    tasks = [Task(name, ms, count[name]) for name, ms in spent.items()]
    return Traced(sorted(tasks, key=lambda task: -task.ms), dict(threads))


def self_times(tasks: Iterable[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Each task's milliseconds without those of the tasks inside it; all of one thread."""
    spent: list[tuple[str, float]] = []
    open_tasks: list[tuple[float, str, list[float]]] = []  # its end, its name, [its own time]

    def close(until: float) -> None:
        while open_tasks and open_tasks[-1][0] <= until:
            _, name, own = open_tasks.pop()
            spent.append((name, own[0] / 1e3))

    for task in sorted(tasks, key=lambda one: (one["ts"], -one["dur"])):
        close(task["ts"])
        length = float(task.get("tdur", task["dur"]))
        if open_tasks:
            open_tasks[-1][2][0] -= length
        is_forced = task["name"] in FORCED and any(name == "FunctionCall" for _, name, _ in open_tasks)
        name = f"{task['name']} forced by script" if is_forced else task["name"]
        open_tasks.append((task["ts"] + task["dur"], name, [length]))
    close(float("inf"))
    return spent


def sampled(profile: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Self time in ms by (function, file:line); what the browser itself runs has no file."""
    functions = {node["id"]: function_of(node["callFrame"]) for node in profile["nodes"]}
    spent: defaultdict[tuple[str, str], float] = defaultdict(float)
    # A delta is the time up to its sample; a sample says what ran until the next one.
    for node_id, delta_us in zip(profile["samples"], profile["timeDeltas"][1:], strict=False):
        if functions[node_id][0] not in NO_FUNCTION:
            spent[functions[node_id]] += max(0, delta_us) / 1e3
    return dict(spent)


def function_of(frame: Mapping[str, Any]) -> tuple[str, str]:
    """Name and place, the file without its address, version and fingerprint."""
    file = re.sub(r"\.v[\d_]+m\d+|\?.*$", "", str(frame["url"]).rpartition("/")[2])
    return str(frame["functionName"] or "(anonymous)"), f"{file}:{frame['lineNumber'] + 1}" if file else ""


def report(seen: Traced, functions: Mapping[tuple[str, str], float], polls: float) -> str:
    """As text, milliseconds a poll."""
    files: defaultdict[str, float] = defaultdict(float)
    for (_, place), self_ms in functions.items():
        files[place.rpartition(":")[0] or "the browser's own"] += self_ms
    by_function = {f"{name}  {place}": self_ms for (name, place), self_ms in functions.items()}
    by_task = {f"{task.name} ({task.kind}), {task.count / polls:.1f} times": task.ms for task in seen.tasks}
    parts: list[tuple[str, Mapping[str, float], int]] = [
        ("Main thread by kind of work", seen.kinds, 9),
        ("Main thread by task, without the tasks inside it", by_task, 16),
        ("Threads of the process", seen.threads, 6),
        ("Script by file, sampled", files, 14),
        ("Script by function, sampled, without what it calls", by_function, 30),
    ]
    lines = [f"Milliseconds a poll of 2 s, over {polls:g} polls"]
    for title, spent, most in parts:
        largest = sorted(spent.items(), key=lambda item: -item[1])[:most]
        lines += ["", f"{title}: {sum(spent.values()) / polls:.0f}"]
        lines += [f"  {value / polls:7.2f}  {name}" for name, value in largest if value / polls >= 0.05]
    return "\n".join(lines)
