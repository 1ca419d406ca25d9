"""A run in shares, without a cluster: together they are the run of one process; what must be alike is compared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.errors import LabError
from engine.lab import shares
from engine.lab.cluster import MOST_PIECE, pieces, sweep_on_cluster
from engine.lab.messages import AskSweep, SweepAnswer
from engine.lab.recordings import CsvRecordings
from engine.lab.sweep import sweep
from engine.state.lab_sections import Range
from tests.unit.lab.lab_samples import ask_sweep, walk, write_day, write_days

RANGES = Range("ema_fast", (8.0, 40.0)), Range("rel_volume", (0.5, 1.5)), Range("bars_n", (10.0, 20.0, 30.0))
RUN = "a run"


def of(share: bytes) -> shares.Share:
    return shares.read_share(share)


def in_shares(ask: AskSweep, run: str, *spans: tuple[int, int]) -> SweepAnswer:
    """As the workers of a cluster do it, the pieces in this order."""
    sent = shares.write(ask)
    looked = of(shares.look(run, shares.code_hash(), sent))
    done = [of(shares.piece(run, shares.code_hash(), sent, *span)) for span in spans]
    assert {each.days_hash for each in done} == {looked.days_hash}
    ordered = [each for _span, part in sorted(zip(spans, done, strict=True)) for each in part.results]
    return of(shares.finish(run, shares.code_hash(), sent, shares.write(ordered))).answer


def test_shares_in_any_order_are_the_run_to_the_last_digit(tmp_path: Path):
    write_days(tmp_path, ("AAA", "BBB"), 3)
    ask = ask_sweep(1, tmp_path, *RANGES)
    own = list(sweep(ask, CsvRecordings(tmp_path)))[-1]
    far = in_shares(replace(ask, cluster="tcp://dask:8786"), RUN, (8, 12), (0, 3), (3, 8))
    assert far == replace(own, result=replace(own.result, took_s=0.0))
    assert own.result.skipped == 6 and own.result.signals_total > 0


def test_other_code_and_other_days_are_noticed(tmp_path: Path):
    write_days(tmp_path, ("AAA",), 2)
    sent = shares.write(ask_sweep(1, tmp_path, *RANGES))
    refused = of(shares.look(RUN, "QTrade 0000000, Python 3.11.0, numpy 2.0.0", sent))
    assert isinstance(refused, shares.Refused) and "the engine runs QTrade 0000000" in refused.text
    before = of(shares.look("one", shares.code_hash(), sent)).days_hash
    write_day(tmp_path, "AAA", "2013-10-08", walk(99, start=1_381_239_000.0))
    assert of(shares.look("one", shares.code_hash(), sent)).days_hash == before, "kept for the run"
    assert of(shares.look("another", shares.code_hash(), sent)).days_hash != before


def test_what_a_worker_can_not_do_is_said_with_its_name(tmp_path: Path):
    refused = of(shares.look(RUN, shares.code_hash(), shares.write(ask_sweep(1, tmp_path / "none"))))
    assert isinstance(refused, shares.Refused) and refused.text.startswith("The worker on ")
    assert "is not a folder that can be read" in refused.text


def test_the_memory_comes_back_when_the_run_is_over(tmp_path: Path):
    write_days(tmp_path, ("AAA",), 2)
    shares.look(RUN, shares.code_hash(), shares.write(ask_sweep(1, tmp_path)))
    assert shares._kept is not None
    shares.forget("another run")
    assert shares._kept is not None
    shares.forget(RUN)
    assert shares._kept is None


@given(st.integers(0, 5_000), st.integers(0, 10**7))
def test_pieces_are_all_sets_once(sets: int, bars: int):
    found = pieces(sets, bars)
    assert [each for span in found for each in range(*span)] == list(range(sets))
    assert all(0 < span.last - span.first <= MOST_PIECE for span in found)


def test_without_the_package_the_cure_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ask = replace(ask_sweep(1, tmp_path), cluster="tcp://127.0.0.1:8786")
    with pytest.raises(LabError, match=r"lab.dask is tcp://127.0.0.1:8786, but package distributed is not installed.*"
                                       r"requirements-scale.txt"):  # fmt: skip
        list(sweep_on_cluster(ask))
