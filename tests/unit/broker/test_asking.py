"""What is asked for which type, and less after a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.broker.asking import (
    NamesWanted,
    bars_expected,
    bars_of,
    generic_ticks_of,
    has_volume,
    less_generic_ticks,
)
from engine.domain import ContractRef

# As TWS writes it, shortened.
REFUSAL = (
    "Error validating request.-'bW' : cause - Incorrect generic tick list of {}.  Legal ones for ({}) are: "
    "100(Option Volume),165(Misc. Stats),221/220(Creditman Mark Price),232/221(Pl Price),577(EtfNavLast(navlast))"
)
ALL = ("165", "233", "221", "232")


@pytest.mark.parametrize(
    ("asked", "text", "kept"),
    [
        (ALL, REFUSAL.format("165,233,221,232", "STK"), ("165", "221", "232")),
        (("233", "221"), REFUSAL.format("233,221", "FUT"), ("221",)),
        (ALL, "Incorrect generic tick list of 233.", ("165", "221", "232")),
        (ALL, "Incorrect generic tick list of 165,233,221,232.", ("165", "233")),  # which of them is not said
        (("165", "233"), "Incorrect generic tick list of 165,233.", ()),
        (("165",), REFUSAL.format("165", "IND"), ()),  # legal, and refused all the same
        (ALL, "something about generic ticks", ("165", "233")),
    ],
)
def test_only_what_was_refused_is_left_out(asked, text, kept):
    assert less_generic_ticks(asked, text) == kept


@given(st.text(max_size=80), st.lists(st.sampled_from(ALL), min_size=1, unique=True))
def test_a_refusal_always_leaves_less(text, asked):
    assert len(less_generic_ticks(tuple(asked), text)) < len(asked)


def test_positions_of_every_kind_ask_for_the_mark():
    for sec_type in ("STK", "FUT", "OPT", "FOP", "CASH", "CFD", "BOND", "CRYPTO", "CMDTY", "FUND", "WAR", "BAG"):
        assert {"221", "232"} <= set(generic_ticks_of(sec_type))
    assert generic_ticks_of("IND") == ()


@pytest.mark.parametrize(
    ("sec_type", "bars", "volume"),
    [("STK", "TRADES", True), ("BOND", "TRADES", True), ("IND", "TRADES", False), ("CRYPTO", "AGGTRADES", True),
     ("CASH", "MIDPOINT", False), ("CFD", "MIDPOINT", False), ("CMDTY", "MIDPOINT", False)],
)  # fmt: skip
def test_bars_by_type(sec_type, bars, volume):
    assert bars_of(sec_type) == bars
    assert has_volume(sec_type, bars) == volume


def test_the_kind_that_a_refusal_names():
    assert bars_expected("Expected what to show is AGGTRADES, please use that instead of TRADES.") == "AGGTRADES"
    assert bars_expected("HMDS query returned no data") is None


def test_names_are_tried_once_and_only_where_they_may_help():
    known, bare = ContractRef(1, "ES", "ESZ5", "FUT", "CME"), ContractRef(1, "", "", "", "CME")
    names = NamesWanted()
    assert not names.may_help(known, 354, "not subscribed")
    assert not names.may_help(known, 321, "Please enter exchange")
    assert not names.may_help(bare, 200, "")
    assert names.may_help(known, 321, "Please enter a symbol")
    assert names.may_help(known, 200, "No security definition has been found for the request")
    names.begin()
    assert not names.may_help(known, 200, "")
    assert names.may_help(known, 321, "Please enter a symbol"), "others that were under way meanwhile"
    names.end(helped=False)
    assert not names.wanted
    assert not names.may_help(known, 200, "")
    assert not names.may_help(known, 321, "Please enter a symbol")


def test_one_try_that_helped_decides():
    known, names = ContractRef(1, "ES", "ESZ5", "FUT", "CME"), NamesWanted()
    names.begin()
    names.end(helped=True)
    names.end(helped=False)
    assert names.wanted
    assert names.may_help(known, 200, ""), "a request that had left without names"
    assert not names.may_help(known, 200, "", named=True)
