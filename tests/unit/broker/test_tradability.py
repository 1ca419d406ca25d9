"""The user's own twelve positions and the names that must never be taken for untradable."""

from __future__ import annotations

import msgspec
import pytest

from engine.broker.tradability import verdict
from engine.domain import ContractInfo, ContractRef


def stock(name: str, exchange: str = "SMART", primary: str = "NASDAQ", sec_type: str = "STK") -> ContractRef:
    return ContractRef(1, name.split(".")[0], name, sec_type, exchange, primary)


def future(name: str, exchange: str) -> ContractRef:
    return ContractRef(2, name[:2], name, "FUT", exchange, exchange, multiplier=20.0, last_trade_date="20251219")


KEPT = [
    future("NQZ5", "CME"),
    future("CLZ5", "NYMEX"),
    *(stock(name) for name in ("TSLA", "QQQ", "QCOM", "NWSA", "GOOGL", "SNOW", "DAFF", "CIFQ", "PLAY")),
    *(stock(name, primary="NYSE") for name in ("WMT", "WFC", "LOW", "BRK B", "ABCDW")),
]


@pytest.mark.parametrize("contract", KEPT, ids=lambda contract: contract.local_symbol)
@pytest.mark.parametrize("listing", ["as qualified", "positions message", "portfolio message"])
def test_kept_with_and_without_details(contract, listing):
    if listing == "positions message":
        contract = msgspec.structs.replace(contract, exchange=contract.primary_exchange, primary_exchange="")
    elif listing == "portfolio message":
        contract = msgspec.structs.replace(contract, exchange="")
    assert verdict(contract, None) is None
    assert verdict(contract, ContractInfo(contract, stock_type="COMMON")) is None


@pytest.mark.parametrize(
    ("contract", "kind"),
    [
        (stock("TOGI", primary="PINK"), "OTC"),
        (stock("MRAI", exchange="GREY", primary=""), "OTC"),
        (stock("KALRQ", primary="EXPERT"), "OTC"),
        (stock("AZREF", exchange="", primary="OTCMKTS"), "OTC"),
        (stock("CNCE.CVR", primary="CORPACT"), "right"),
        (stock("RFP.CVR", primary="VALUE"), "right"),
        (stock("FUSN.CVR", primary=""), "right"),
        (stock("TOGIW", primary="PINK", sec_type="WAR"), "warrant"),
        (stock("TOGIW", primary="PINK"), "warrant"),
        (stock("TOGIW", primary="NASDAQ"), "warrant"),
        (stock("ALPSQ.OLD", primary="NASDAQ"), "delisted"),
        (stock("ALPSQ.OLD", primary="VALUE"), "delisted"),
        (stock("KALRQ"), "delisted"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.local_symbol}-{value.primary_exchange}",
)
def test_filtered_without_details(contract, kind):
    answer = verdict(contract, None)
    assert answer is not None
    assert answer[0] == kind
    assert answer[1]


def test_details_overrule_the_letters():
    """Five letters ending in W are only a guess: details that know better keep the name."""
    contract = stock("SNDKW")
    assert verdict(contract, None) is not None
    assert verdict(contract, ContractInfo(contract, stock_type="COMMON")) is None


def test_stock_type_and_listing_of_the_details_count():
    contract = stock("ABCD", primary="")
    assert verdict(contract, ContractInfo(contract, stock_type="RIGHT")) == ("right", "a right, not a share")
    assert verdict(contract, ContractInfo(stock("ABCD", primary="PINK"))) is not None


def test_the_twelve_positions_split_into_three_and_nine():
    held = [
        future("NQZ5", "CME"), stock("TSLA"), future("CLZ5", "NYMEX"),
        *(stock(name, primary="PINK") for name in ("TOGI", "MRAI", "KALRQ", "AZREF")),
        *(stock(name, primary="CORPACT") for name in ("CNCE.CVR", "RFP.CVR", "FUSN.CVR")),
        stock("TOGIW", primary="PINK", sec_type="WAR"), stock("ALPSQ.OLD", primary="VALUE"),
    ]  # fmt: skip
    filtered = [contract for contract in held if verdict(contract, None)]
    assert (len(held) - len(filtered), len(filtered)) == (3, 9)


DECEMBER = 1765800000.0  # 2025-12-15 07:00 in New York


@pytest.mark.parametrize("sec_type", ["FUT", "OPT", "FOP", "WAR", "IOPT"])
@pytest.mark.parametrize(
    ("last_day", "now", "expired"),
    [
        ("20251214", DECEMBER, True),
        ("20251215", DECEMBER, False),  # its last day is not over
        ("20251219", DECEMBER, False),
        ("20251215", DECEMBER + 86_400.0, True),
        ("20251214", None, False),  # the market's clock is not known: nothing expires by this machine's
        ("202512", DECEMBER, False),
        ("", DECEMBER, False),
    ],
)
def test_what_is_over_is_said_and_kept(sec_type, last_day, now, expired):
    contract = ContractRef(3, "X", "X", sec_type, "CME", last_trade_date=last_day)
    found = verdict(contract, None, now)
    assert (found is not None and found[0] == "expired") == expired
    if expired:
        assert found == ("expired", f"expired: last traded {last_day[:4]}-{last_day[4:6]}-{last_day[6:]}")


@pytest.mark.parametrize(("sec_type", "kind"), [("SLB", "lent"), ("BAG", "combination")])
def test_lending_and_combinations_are_said(sec_type, kind):
    assert verdict(ContractRef(4, "X", "X", sec_type), None)[0] == kind


@pytest.mark.parametrize("sec_type", ["CASH", "CRYPTO", "CFD", "BOND", "BILL", "FUND", "CMDTY", "OPT", "FOP", "IND"])
def test_other_kinds_are_tradable(sec_type):
    assert verdict(ContractRef(5, "XXXXW", "XXXXW", sec_type, "SMART", "PINK"), None, DECEMBER) is None
