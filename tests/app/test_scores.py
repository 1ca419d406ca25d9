"""Scoreboard, shadow and audit as the page shows them: honest counts, words, what is empty says what fills it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from app.factory import create_app
from app.rows.scores import (
    audit_fact,
    audit_words,
    group_rows,
    judgement,
    rank_words,
    score_states,
    scores_parts,
    shadow_fact,
    shadow_rows,
    shadow_words,
)
from app.snapshots import Snapshots
from engine.clock import NEW_YORK, FakeClock
from engine.state.bus import StateBus
from engine.state.commands import RunAudit
from engine.state.score_sections import ScoreFigures, ScoreRank, ScoresSection
from tests.app.dash_client import call
from tests.app.sample_state import MARKET, WALL, scores
from tests.app.test_scanners_page import Rig

NO_RANK = ScoreRank(0, None)


def test_too_few_are_not_judged() -> None:
    rows = group_rows(scores().today)
    assert list(rows) == ["all:All", "hour:10:00", "hour:14:00"]
    assert rows["all:All"]["judged"] == "57 % up of 21, as a coin (29–71 %)"
    assert rows["hour:14:00"]["judged"] == "too few to judge: 6 of 10"
    assert rows["hour:14:00"]["m30"] == {"text": "−0.20 (6)", "tone": "loss"}
    none = ScoreFigures(3, (0,) * 4, (None,) * 4, (None,) * 4, (None,) * 4, None)
    assert judgement(none) == "too few to judge: 0 of 10"


@pytest.mark.parametrize(
    ("signals", "spearman", "words"),
    [
        (272, 0.184, "The median 30-min move rises with the score (Spearman +0.18, 272 signals)."),
        (30, 0.10, "The median 30-min move does not clearly rise with the score (Spearman +0.10, 30 signals)."),
        (400, -0.2, "The median 30-min move does not rise with the score (Spearman −0.20, 400 signals)."),
        (
            19,
            0.9,
            "Does the score rank? Too few to judge: 19 signals of this formula with a known 30-min move, "
            "20 are needed.",
        ),
        (40, None, "Does the score rank? All scores, or all moves, are alike."),
    ],
)
def test_the_page_says_whether_the_score_ranks(signals: int, spearman: float | None, words: str) -> None:
    assert rank_words(ScoreRank(signals, spearman)) == words


def test_the_shadow_stands_beside_the_live_set() -> None:
    report = scores().shadow
    assert report is not None
    assert shadow_words(report) == (
        "Live 4 signals, 30-min median +0.40 ATR of 3. Shadow Loose 9, 30-min median +0.10 ATR of 8. Both found 3."
    )
    assert [row["who"] for row in shadow_rows(report).values()] == ["live only", *["shadow only"] * 3]


def test_the_shadow_says_since_when_it_looks() -> None:
    report = scores().shadow
    assert report is not None and shadow_fact(None, MARKET, NEW_YORK) is None
    assert shadow_fact(report, MARKET, NEW_YORK) == {"at": MARKET - 3_600, "clock": "hm", "text": "since {at} · Loose"}
    later = shadow_fact(report, MARKET + 86_400.0, NEW_YORK)
    assert later is not None and later["text"] == "since 5 Nov {at} · Loose"


def test_the_audit_says_what_no_line_cost() -> None:
    report = scores().audit
    assert report is not None
    assert audit_words(report) == (
        "2025-11-05: 7 signals missed for want of a line, 30-min median +0.35 ATR of 7. 22 of 31 were seen live, "
        "2 streamed but not confirmed by the ticks; 512 symbols judged. 3 symbols had no bars."
    )
    changed = audit_words(msgspec.structs.replace(report, changed_market=MARKET - 60.4))
    assert isinstance(changed, dict) and (changed["at"], changed["clock"]) == (MARKET - 60, "hm")
    assert changed["text"].endswith("judged by the thresholds of now, which were changed at {at}.")
    early = audit_words(msgspec.structs.replace(report, before=58))
    assert isinstance(early, str) and "of 7. 58 more came before QTrade looked. 22 of 31 were seen" in early
    running = msgspec.structs.replace(report, running=True)
    assert audit_words(running) == "Judging 512 symbols …"
    failed = audit_words(msgspec.structs.replace(report, problem="The lab process had ended."))
    assert failed == "2025-11-05: the audit failed. The lab process had ended."


def test_the_audit_says_since_when_it_looked() -> None:
    report = scores().audit
    assert report is not None and audit_fact(None) is None
    assert audit_fact(report) == {"at": MARKET - 7_200.0, "clock": "hm", "text": "looked since {at}"}
    assert audit_fact(msgspec.structs.replace(report, looked_market=None)) == "QTrade did not look that day"
    assert audit_fact(msgspec.structs.replace(report, running=True)) is None


def test_what_is_empty_says_what_fills_it() -> None:
    assert {state["s"] for state in score_states(None).values()} == {"loading"}
    nothing = ScoresSection(
        today=(), days=(), sessions=0, rank_today=NO_RANK, rank_days=NO_RANK, shadow=None, audit=None
    )
    assert {state["s"] for state in score_states(nothing).values()} == {"empty"}
    bus = StateBus(None, FakeClock(wall=WALL))
    parts = scores_parts(Snapshots.read(bus, ("scores",), "starting", WALL))
    assert parts["rows:audit"] == parts["rows:shadow"] == parts["rows:scores_days"] == {}


def test_the_audit_is_asked_for_over_http(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    app = create_app(rig.deps)
    request = {"id": uuid4().hex, "action": "audit"}
    values = {"scanners-request.data": request}
    answer = call(app, app.server.test_client(), "scanners-reply.data", values, "scanners-request.data")
    assert answer.get_json()["response"]["scanners-reply"]["data"] == {"id": request["id"], "errors": {}, "text": ""}
    assert rig.bus.drain() == [RunAudit(request["id"])]
