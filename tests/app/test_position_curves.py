"""The curves of the Positions page: which minutes, since when, at which price they begin, and what stands instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from app.deps import AppDeps
from app.factory import create_app
from app.journal_route import CURVES_PATH
from app.position_curves import Range, curve_rows
from engine.bars.bar_files import BarColumns, BarFiles, StoredSession
from engine.clock import FakeClock
from engine.errors import StateError
from engine.state.bus import StateBus
from tests.app.dash_client import HEADERS
from tests.app.sample_state import MARKET, NQ, TSLA, WALL, fill_sample, positions
from tests.unit.trades.made import deal

DAY_S = 86_400.0
TO_MINUTE = MARKET // 60 * 60


def session(date: int, begins: float, prices: Sequence[float]) -> StoredSession:
    times, flat = begins + 60.0 * np.arange(len(prices)), np.array(prices, dtype=float)
    return StoredSession(
        date, None, None, BarColumns(times, flat, flat, flat, flat, np.ones(len(flat)), np.full(len(flat), 3.0))
    )


YESTERDAY = session(20251104, TO_MINUTE - DAY_S, [400.0] * 120)
TODAY = session(20251105, TO_MINUTE - 5_400, [410.0 + n / 10 for n in range(90)])


def kept(_con_id: int, newest: int) -> Sequence[StoredSession]:
    return [YESTERDAY, TODAY][-newest:]


def tsla(range_: Range, *executions, sessions=kept):
    section = positions(WALL)
    row = replace(next(row for row in section.tradable if row.con_id == TSLA), close=405.0, mark=420.0, mark_wall=WALL)
    shown = replace(section, tradable=(row,))
    return curve_rows(shown, executions, sessions, range_, MARKET, lambda wall: MARKET)[str(TSLA)]


def test_the_hour_begins_with_the_price_of_an_hour_ago_and_ends_with_the_mark() -> None:
    made = tsla("1h")
    assert made["from"] == round(MARKET - 3_600)
    assert made["y"][0] == [round(MARKET - 3_600), 0.0]
    price_then = max(p for t, p in zip(TODAY.bars.time, TODAY.bars.close, strict=True) if t + 60 <= MARKET - 3_600)
    assert made["y"][-1] == [round(MARKET), pytest.approx(100 * (420.0 - price_then))]


def test_the_day_begins_at_the_prior_close_as_the_days_pnl_does() -> None:
    made = tsla("day")
    assert made["y"][-1][1] == pytest.approx(100 * (420.0 - 405.0))
    assert len(made["y"]) < 40, "one point in five minutes"


def test_five_days_begin_with_what_is_kept_and_a_night_is_a_gap() -> None:
    made = tsla("5d")
    assert made["from"] == round(YESTERDAY.bars.time[0])
    assert None in [money for _at, money in made["y"]]
    assert made["y"][-1][1] == pytest.approx(100 * (420.0 - 400.0))


def test_a_fill_of_the_hour_is_a_mark_and_counts_from_then_on() -> None:
    sold = deal(-50, 415, -1_800, con_id=TSLA, account=positions(WALL).tradable[1].account)
    other = deal(-50, 415, -1_800, con_id=NQ)
    made = tsla("1h", sold, other)
    assert made["fills"] == [[round(MARKET - 1_800), -50.0, 415.0]]
    assert made["y"][1][1] == pytest.approx(150 / 100 * tsla("1h")["y"][1][1]), "150 were held then"


@pytest.mark.parametrize(
    ("sessions", "words"),
    [
        (lambda *_: [], "No minutes of it are kept yet"),
        (lambda *_: (_ for _ in ()).throw(StateError("broken")), "broken"),
    ],
)
def test_why_there_is_no_curve_is_said(sessions, words: str) -> None:
    made = tsla("1h", sessions=sessions)
    assert made["y"] == [] and made["why"].startswith(words)


class Minutes(BarFiles):
    def sessions(self, con_id: int, newest: int) -> list[StoredSession]:
        return list(kept(con_id, newest))


def test_the_route_answers_the_page_alone_and_says_when_nothing_changed() -> None:
    clock = FakeClock(wall=WALL)
    bus = StateBus(None, clock)
    fill_sample(bus, WALL, clock.mono())
    client = create_app(AppDeps(state=bus, clock=clock, build_id="b", bars=Minutes())).server.test_client()
    first = client.get(CURVES_PATH, query_string={"range": "day"}, headers=HEADERS)
    assert first.status_code == 200 and set(first.get_json()["rows"]) == {
        str(row.con_id) for row in positions(WALL).tradable
    }
    again = {**HEADERS, "If-None-Match": first.headers["ETag"]}
    assert client.get(CURVES_PATH, query_string={"range": "day"}, headers=again).status_code == 304
    assert client.get(CURVES_PATH, query_string={"range": "a year"}, headers=HEADERS).status_code == 400
    assert client.get(CURVES_PATH, headers={**HEADERS, "Sec-Fetch-Site": "cross-site"}).status_code == 403
