"""dd/MM against MM/dd is decided over the whole file, or asked."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statements.dates import Dated, Terms, decide_order, moment, needs_order
from tests.examples import examples

DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))


def test_one_date_that_can_only_be_read_one_way_decides_for_all():
    assert decide_order(["08/09/2025", "28/11/2025"], [], []) == "day first"
    assert decide_order(["08/09/2025", "11/28/2025"], [], []) == "month first"


def test_the_statements_own_days_decide():
    """From 10 December to 9 November can't be; nor can a trade of September in a statement of March."""
    assert decide_order(["10/12/2025"], [("10/12/2025", "11/09/2025")], []) == "month first"
    assert decide_order(["10/12/2025"], [("09/11/2025", "10/12/2025")], []) is None
    month = ("02/03/2025", "09/03/2025")
    assert decide_order([], [month], [(month[0], "04/09/2025", month[1])]) == "month first"
    assert decide_order(["03/03/2025"], [], [], ["04/11/2025", "05/11/2025", "06/11/2025"]) == "day first", "weekdays"


def test_what_can_not_be_decided_is_not_guessed():
    assert needs_order(["08/09/2025"])
    assert decide_order(["08/09/2025", "09/08/2025"], [], []) is None
    assert not needs_order(["09/09/2025", "20250809"]), "the same either way"
    with pytest.raises(Dated, match="day or the month"):
        moment("08/09/2025", Terms())


def test_one_damaged_date_does_not_turn_all_others_round():
    assert decide_order(["28/11/2025", "27/11/2025", "11/26/2025"], [], []) == "day first"


@given(DAYS, st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%d-%b-%y", "%d/%m/%Y", "%d/%m/%y"]))
@examples(80)
def test_a_day_is_the_same_in_every_format(day, form):
    assert moment(day.strftime(form), Terms("day first")).day == day


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(["day first", "month first"]))
@examples(80)
def test_the_order_is_never_decided_wrong(days, order):
    texts = [day.strftime("%d/%m/%Y" if order == "day first" else "%m/%d/%Y") for day in days]
    pairs = [(min(days), max(days))]
    written = [(texts[days.index(a)], texts[days.index(b)]) for a, b in pairs]
    bounded = [(written[0][0], text, written[0][1]) for text in texts]
    assert decide_order(texts, written, bounded) in (order, None) or not needs_order(texts)


@given(st.text(alphabet="0123456789/-: ;,TESTapr", max_size=24))
@examples(200)
def test_no_text_is_more_than_a_refusal(text):
    try:
        moment(text, Terms("day first"))
    except Dated:
        pass
