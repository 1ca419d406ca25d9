"""LabService: previews on today's bars, runs, and what is said when the process dies or does not answer."""

import asyncio
import os
import signal

import pytest

from engine.bars.series import HISTORY
from engine.bars.store import BarStore
from engine.clock import FakeClock
from engine.config import BreakoutParams
from engine.domain import Bar, ContractRef
from engine.errors import LabError
from engine.lab.messages import Failed
from engine.lab.process import Ended
from engine.lab.service import LabService, LabTies
from engine.lab.snapshot import TodaySnapshot
from engine.state.commands import CancelLab, LookForDays, PreviewThresholds, RunLab
from engine.state.lab_sections import Range
from tests import patience
from tests.unit.lab.lab_samples import ROOT, walk, write_days


class Bench:
    """A desk on a store with some symbols; keeps what was published and answered."""

    def __init__(self, folder, symbols=5):
        self.store, self.clock = BarStore(), FakeClock()
        self.sections, self.answers, self.published = {}, {}, []
        for con_id in range(1, symbols + 1):
            self.add(con_id, 390)
        ties = LabTies(self._publish, self._answer, lambda: (BreakoutParams(), 5e6), self.clock)
        today = TodaySnapshot(self.store, lambda con_id: None, lambda con_id: con_id == 1, lambda con_id: con_id != 2)
        self.desk = LabService(ties, today, ROOT, folder / "lab.log")

    def add(self, con_id, count):
        entry = self.store.add(ContractRef(con_id, f"S{con_id}", f"S{con_id}", "STK", "SMART"))
        rows = zip(*(column.tolist() for column in walk(con_id, count)), strict=True)
        entry.series.merge([Bar(*row) for row in rows], HISTORY)

    def _publish(self, name, section):
        self.sections[name] = section
        self.published.append(name)

    def _answer(self, request_id, ok, text):
        self.answers[request_id] = (ok, text)

    async def until(self, true):
        await patience.until(true)

    async def preview(self, request_id, **changes):
        self.desk.take(PreviewThresholds(request_id, {f"breakout.{name}": value for name, value in changes.items()}))
        await self.until(lambda: request_id in self.answers)
        return self.sections.get("preview")


@pytest.fixture
def run(tmp_path):
    """Runs a test's coroutine on a bench and ends the process."""

    def start(work):
        async def whole():
            bench = Bench(tmp_path)
            try:
                await work(bench)
            finally:
                bench.desk.stop()

        asyncio.run(whole())

    return start


def test_a_preview_tells_what_is_new_and_follows_the_bars(run):
    async def work(bench):
        assert bench.desk.pid is None, "nothing is started before it is asked for"
        first = await bench.preview("a", bars_n=10, volume_surge=1.0, rel_volume=0.5, buffer_atr=0.0)
        assert first.ok and first.symbols == 5 and first.request_id == "a"
        assert first.moved.signals > first.in_force.signals > 0
        assert {each.con_id for each in first.new} <= {1, 3, 4, 5}, "the unit of 2 is unknown: no volume rule passes"
        bench.add(9, 390)
        assert (await bench.preview("b")).symbols == 5, "today's bars are handed over once a minute at most"
        bench.clock.advance(61.0)
        assert (await bench.preview("c")).symbols == 6
        assert not (await bench.preview("d", bars_n=5)).ok and "bars_n" in bench.answers["d"][1]

    run(work)


def test_of_many_moves_only_the_newest_is_worked_out(run):
    async def work(bench):
        for number in range(6):
            bench.desk.take(PreviewThresholds(f"p{number}", {"breakout.bars_n": 10 + number}))
        await bench.until(lambda: len(bench.answers) == 6)
        said = [bench.answers[f"p{number}"] for number in range(6)]
        assert said[0][0] and said[5][0] and all(text == "A newer preview took its place." for _, text in said[1:5])
        assert bench.sections["preview"].request_id == "p5"

    run(work)


def test_a_run_its_result_and_its_cancelling(run, tmp_path):
    write_days(tmp_path, days=3)

    async def work(bench):
        bench.desk.take(LookForDays("l", "csv", str(tmp_path)))
        await bench.until(lambda: "l" in bench.answers)
        assert bench.sections["lab_source"].symbols == ("AAA", "BBB")
        ranges = (Range("bars_n", (10.0, 20.0, 30.0)), Range("ema_fast", (8.0, 30.0)))
        bench.desk.take(RunLab("r", "csv", str(tmp_path), ranges=ranges, least_signals=1))
        bench.desk.take(RunLab("again", "csv", str(tmp_path)))
        await bench.until(lambda: bench.sections["lab"].phase == "done")
        assert bench.answers["again"] == (False, "A run is under way already. Wait for it, or cancel it first.")
        assert bench.published.count("lab_source") == 2, "the look and its answer: progress does not repeat the names"
        assert bench.published.count("lab") >= 3
        result = bench.sections["lab_result"]
        assert (result.request_id, result.sets, result.skipped, len(result.cells)) == ("r", 3, 3, 6)
        assert result.split == "chosen by the first 2 of 3 days, judged by the last"
        wide = tuple(float(n) for n in range(10, 54))
        ranges = (Range("bars_n", wide), Range("cool_down_min", wide))
        bench.desk.take(RunLab("c", "csv", str(tmp_path), ranges=ranges))
        await bench.until(lambda: bench.sections["lab"].total == 44 * 44)
        bench.desk.take(CancelLab("x"))
        await bench.until(lambda: bench.sections["lab"].phase == "cancelled")
        bench.desk.take(RunLab("bad", "csv", str(tmp_path), ranges=(Range("moon", (1.0,)),)))
        assert "no threshold" in bench.answers["bad"][1]

    run(work)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_a_process_that_dies_or_hangs_is_said_and_started_again(run):
    async def work(bench):
        await bench.preview("a")
        first = bench.desk.pid
        os.kill(first, signal.SIGSTOP)
        bench.desk.take(PreviewThresholds("b", {}))
        await bench.until(lambda: bench.desk._jobs)
        bench.clock.advance(16.0)
        bench.desk.step()
        await bench.until(lambda: "b" in bench.answers)
        assert bench.answers["b"] == (False, "The lab did not answer in time and was started again; try once more.")
        assert (await bench.preview("c")).symbols == 5
        assert bench.desk.pid not in (first, None)
        os.kill(bench.desk.pid, signal.SIGSTOP)
        bench.desk.take(PreviewThresholds("d", {}))
        await bench.until(lambda: bench.desk._jobs)
        os.kill(bench.desk.pid, signal.SIGKILL)
        await bench.until(lambda: "d" in bench.answers)
        assert "ended (exit code -9)" in bench.answers["d"][1]
        assert (await bench.preview("e")).symbols == 5

    run(work)


def test_what_is_wrong_with_a_question_is_answered_whatever_it_is(run, monkeypatch):
    async def work(bench):
        bench.desk.take(LookForDays("user", "csv", "~nosuchuser/x"))
        assert bench.answers["user"][0] is False and "~nosuchuser/x is no folder" in bench.answers["user"][1]
        monkeypatch.setattr(bench.desk, "_folder_of", lambda kind, folder: 1 / 0)
        bench.desk.take(LookForDays("odd", "csv", "x"))
        assert bench.answers["odd"] == (False, "The lab could not be asked; the log file says why.")
        assert bench.desk.pid is None and not bench.sections

    run(work)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_a_late_preview_or_look_fails_alone_while_a_run_goes_on(run, tmp_path):
    write_days(tmp_path, days=1)
    wide = tuple(float(n) for n in range(10, 54))

    async def work(bench):
        ranges = (Range("bars_n", wide), Range("cool_down_min", wide))
        bench.desk.take(RunLab("r", "csv", str(tmp_path), ranges=ranges))
        await bench.until(lambda: bench.sections["lab"].total == 44 * 44)
        pid = bench.desk.pid
        os.kill(pid, signal.SIGSTOP)
        bench.desk.take(PreviewThresholds("p", {}))
        await bench.until(lambda: len(bench.desk._jobs) == 2)
        bench.clock.advance(16.0)
        bench.desk.step()
        assert bench.answers["p"][0] is False and "a run keeps it busy" in bench.answers["p"][1]
        bench.desk.take(LookForDays("l", "csv", str(tmp_path)))
        bench.clock.advance(61.0)
        bench.desk.step()
        assert "a run keeps it busy" in bench.answers["l"][1], "and the run, 77 s without a word, had to wait for it"
        assert bench.sections["lab"].phase == "running" and bench.desk.pid == pid
        os.kill(pid, signal.SIGCONT)
        assert (await bench.preview("q")).ok and bench.desk.pid == pid
        os.kill(pid, signal.SIGSTOP)
        bench.clock.advance(500.0)
        bench.desk.step()
        assert bench.sections["lab"].phase == "failed" and bench.desk.pid is None

    run(work)


def test_a_question_that_can_not_be_sent_leaves_nothing_behind(run, tmp_path, monkeypatch):
    def refuse(message):
        raise LabError("The lab process can't be started: no memory.")

    async def work(bench):
        monkeypatch.setattr(bench.desk._process, "send", refuse)
        bench.desk.take(LookForDays("l", "csv", str(tmp_path)))
        bench.desk.take(RunLab("r", "csv", str(tmp_path)))
        await bench.preview("p")
        assert all(not ok and "can't be started" in text for ok, text in bench.answers.values())
        assert bench.desk._jobs == {} and bench.sections.keys() == {"preview"}, "neither running nor looking anywhere"
        monkeypatch.undo()
        assert (await bench.preview("q")).symbols == 5

    run(work)


def test_a_preview_begun_by_the_end_of_another_is_the_one_under_way(run):
    async def work(bench):
        bench.desk.take(PreviewThresholds("bad", {"breakout.bars_n": 5}))
        bench.desk.take(PreviewThresholds("next", {}))
        await asyncio.sleep(0)
        assert "bars_n" in bench.answers["bad"][1] and bench.desk._previewing is not None
        bench.desk.take(PreviewThresholds("third", {}))
        await bench.until(lambda: len(bench.answers) == 3)
        assert bench.answers["third"][0]

    run(work)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_bars_that_the_lab_could_not_take_fail_the_preview_and_are_sent_anew(run):
    async def work(bench):
        await bench.preview("a")
        os.kill(bench.desk.pid, signal.SIGSTOP)
        bench.desk.take(PreviewThresholds("b", {}))
        await bench.until(lambda: bench.desk._jobs)
        bench.desk._received(Failed(0, "These values can't be used."))
        assert bench.answers["b"] == (False, "Today's bars could not be handed to the lab; try once more.")
        os.kill(bench.desk.pid, signal.SIGCONT)
        bench.add(9, 390)
        assert (await bench.preview("c")).symbols == 6, "all are sent at once, not after a minute"

    run(work)


def test_what_an_earlier_look_found_is_not_shown_for_the_newest(run, tmp_path):
    write_days(tmp_path, days=1)

    async def work(bench):
        bench.desk.take(LookForDays("a", "csv", str(tmp_path)))
        bench.desk.take(LookForDays("b", "csv", str(tmp_path / "none")))
        await bench.until(lambda: len(bench.answers) == 2)
        source = bench.sections["lab_source"]
        assert source.folder == str(tmp_path / "none") and "is not a folder" in source.problem
        assert source.symbols == () and bench.answers["a"] == (True, "2 symbols, 1 days.")

    run(work)


def test_the_death_of_an_earlier_process_is_not_that_of_the_next(run, tmp_path):
    write_days(tmp_path, days=1)

    async def work(bench):
        await bench.preview("a")
        bench.desk.take(LookForDays("l", "csv", str(tmp_path)))
        bench.desk._received(Ended(bench.desk.pid + 1, -9))
        await bench.until(lambda: "l" in bench.answers)
        assert bench.answers["l"][0]
        bench.desk._process.stop()
        bench.desk.take(LookForDays("m", "csv", str(tmp_path)))
        assert (await bench.preview("b")).symbols == 5, "the new process was asked for days first, and has no bars"

    run(work)


def test_an_audit_waits_for_all_bars_and_says_when_the_process_died(run):
    async def work(bench):
        preview = asyncio.create_task(bench.preview("a"))
        answer = await bench.desk.audit()
        assert answer.con_ids == (1, 2, 3, 4, 5) and answer.symbols[0] == "S1" and answer.day_start > 0
        shown = await preview
        assert len(answer.signals) == shown.in_force.signals > 0
        bench.desk._send = lambda message: None  # the question is lost on the way
        waiting = asyncio.create_task(bench.desk.audit())
        await bench.until(lambda: any(job.kind == "audit" for job in bench.desk._jobs.values()))
        os.kill(bench.desk.pid, signal.SIGKILL)
        with pytest.raises(LabError, match="ended"):
            await waiting

    run(work)
