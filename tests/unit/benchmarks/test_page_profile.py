"""Where a tab's time goes, of a trace and samples made by hand."""

from __future__ import annotations

from typing import Any

from benchmarks.page_profile import MAIN, report, sampled, traced


def task(name: str, ts: int, dur: int, cpu: int, pid: int = 7, tid: int = 1) -> dict[str, Any]:
    return {"ph": "X", "name": name, "ts": ts, "dur": dur, "tdur": cpu, "pid": pid, "tid": tid}


def thread(tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": "thread_name", "pid": 7, "tid": tid, "args": {"name": name}}


TRACE = [
    thread(1, MAIN),
    thread(2, "CompositorTileWorker1"),
    thread(3, "CompositorTileWorker2"),
    task("FunctionCall", 0, 20_000, 10_000),
    task("Layout", 2_000, 5_000, 4_000),
    task("Layout", 30_000, 3_000, 3_000),
    task("ProxyMain::BeginMainFrame", 40_000, 2_100, 1_000),
    task("Paint", 40_000, 2_000, 1_000),
    task("RasterTask", 0, 9_000, 5_000, tid=2),
    task("RasterTask", 0, 9_000, 6_000, tid=3),
    task("FunctionCall", 0, 9_000, 9_000, pid=8),  # another tab's
]


def test_a_task_has_the_processor_time_that_the_tasks_inside_it_do_not_have() -> None:
    seen = traced(TRACE, 7)
    assert {each.name: (each.ms, each.count) for each in seen.tasks} == {
        "FunctionCall": (6.0, 1), "Layout forced by script": (4.0, 1), "Layout": (3.0, 1), "Paint": (1.0, 1),
        "ProxyMain::BeginMainFrame": (0.0, 1),
    }  # fmt: skip
    assert seen.frames == 1
    assert seen.kinds == {"script": 6.0, "layout": 7.0, "paint": 1.0}
    assert seen.threads == {MAIN: 14.0, "CompositorTileWorker": 11.0}


def test_samples_belong_to_the_function_that_ran_until_the_next_one() -> None:
    frames = [("(idle)", "", -1), ("draw", "http://127.0.0.1:1/assets/core/rows.mjs?m=17", 40), ("", "x/a.js", 0)]
    profile = {
        "nodes": [
            {"id": number, "callFrame": {"functionName": name, "url": url, "lineNumber": line}}
            for number, (name, url, line) in enumerate(frames)
        ],
        "samples": [0, 1, 1, 2, 0],
        "timeDeltas": [9_000, 5_000, 1_000, 2_000, 700],
    }
    assert sampled(profile) == {("draw", "rows.mjs:41"): 3.0, ("(anonymous)", "a.js:1"): 0.7}


def test_the_report_counts_a_poll() -> None:
    text = report(traced(TRACE, 7), {("draw", "rows.mjs:41"): 3.0}, polls=2)
    assert "Main thread by kind of work: 7\n     3.50  layout" in text
    assert "1.50  draw  rows.mjs:41" in text
