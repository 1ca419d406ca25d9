"""Each kind of contract at a quote of its own: the P&L worked out by hand beside the one that the API shows.

    python -m benchmarks.instruments [--write]

The simulated gateway holds a position of every kind; each quote is pinned, the engine connects, and what
`GET /api/v1/positions` answers is printed. `--write` puts the table into `benchmarks/instruments.txt`; without it the
table is compared with that file (1 = differs). 1 also when a shown figure is not the one of the hand.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from app import api_views
from app.snapshots import Snapshots
from tests.integration.engine_bench import EngineBench, SimulatorRun, running_engine, running_simulator
from tests.patience import wait_for

TABLE = Path(__file__).with_suffix(".txt")
ACCOUNT = "DU1234567"
HEAD = "kind                      contract                quote          multiplier  magn.  cur.  by hand      shown"


class Case(NamedTuple):
    """`quote` as the exchange quotes it ("" = what the gateway has), `hand` = quantity x (money of a unit - cost).

    `sum` shows how the hand came to it.
    """

    kind: str
    name: str
    quote: str
    hand: str
    sum: str


CASES = (
    Case("share", "TSLA", "408.08", "-5468.00", "100 x (408.08 - 462.76)"),
    Case("share, short", "F", "13.10", "-261.16", "-400 x (13.10 - 12.4471)"),
    Case("share, a fraction", "SPY", "677.20", "37.58", "2.3456 x (677.20 - 661.1802)"),
    Case("share, cost unset", "KO", "68.40", "-", "not known: IB does not say what it cost"),
    Case("share in pence", "VOD", "71.84", "-6.60", "1000 x (71.84 / 100 - 0.7250)"),
    Case("index future", "NQZ5", "24688.25", "-7562.25", "1 x (24688.25 x 20 - 501327.25)"),
    Case("grain in cents", "ZWZ5", "448.25", "-200.00", "2 x (448.25 / 100 x 5000 - 22512.50)"),
    Case("cattle, close only", "LEZ5", "", "", "-1 x (close / 100 x 40000 - 92950)"),
    Case("yen future", "6JZ5", "0.0065435", "208.62", "-1 x (0.0065435 x 12500000 - 82002.37)"),
    Case("price below zero", "WCCZ5", "-5.00", "-450.00", "3 x (-5.00 x 1000 + 4850)"),
    Case("option, in the money", "AAPL  251219C00240000", "32.40", "1273.05", "3 x (32.40 x 100 - 2815.65)"),
    Case(
        "option, trade off book", "AAPL  251219C00300000", "1.00", "-3800.00", "10 x (mid 1.00 x 100 - 480), last 5.00"
    ),
    Case("option, worthless", "AAPL  251121P00150000", "0.00", "-600.00", "6 x (0 x 100 - 100)"),
    Case("option, expired", "INTC  251017C00045000", "0.00", "-146.80", "4 x (0 x 100 - 36.70), valued by IB"),
    Case("option on a future", "E2AX5 C6900", "42.25", "395.74", "-2 x (42.25 x 50 - 2310.37)"),
    Case("future, expired", "CLV5", "62.64", "-462.37", "1 x (62.64 x 1000 - 63102.37), valued by IB"),
    Case("currency pair", "EUR.USD", "1.14880", "-87.50", "25000 x (1.14880 - 1.15230)"),
    Case("metal", "XAUUSD", "3985.20", "67.52", "2 x (3985.20 - 3951.44)"),
    Case("coin", "BTC.USD", "103250.50", "594.86", "0.12345678 x (103250.50 - 98432.10)"),
    Case("CFD, re-routed", "AAPLn", "269.80", "83.13", "50 x (269.80 of the share - 268.1375)"),
    Case("CFD of a share in pence", "VODn", "0.7184", "-6.60", "1000 x (71.84 of the share / 100 - 0.7250)"),
    Case("bond, per cent", "IBM 3.5 05/15/29", "97.850", "-68.00", "10 x (97.850 % of 1000 - 985.30)"),
    Case("combination", "SPX_COMB", "1.35", "45.00", "3 x (1.35 x 100 - 120), valued by IB"),
    Case("shares lent", "INTC.SLB", "37.90", "9.00", "150 x (37.90 - 37.84), valued by IB"),
)
PINNED_ELSEWHERE = {"AAPLn": ("AAPL", "269.80"), "VODn": ("VOD", "71.84")}  # a CFD stands where its share does
NOT_PINNED = frozenset({"LEZ5", "AAPL  251121P00150000", "INTC  251017C00045000", "CLV5", "SPX_COMB", "INTC.SLB"})


def pin(simulator: SimulatorRun, book: dict[str, Any]) -> None:
    """Every quote to where the hand has it."""
    con_ids = {row["local_symbol"]: row["con_id"] for row in book["positions"]}
    con_ids["AAPL"] = 265598
    for case in CASES:
        if case.name not in NOT_PINNED:
            name, quote = PINNED_ELSEWHERE.get(case.name, (case.name, case.quote))
            simulator.call("POST", "/pin", {"con_id": con_ids[name], "price": float(quote)})


def shown(bench: EngineBench) -> dict[str, Any]:
    """The API's rows by local symbol, the filtered ones too."""
    section = bench.read("positions")
    if section is None:
        return {}
    answer = api_views.positions(Snapshots("alive", time.time()), section)
    return {row["local_symbol"]: row for row in [*answer["filtered"], *answer["tradable"]]}


def stands(row: Any, case: Case) -> bool:
    """Whether the quote of the hand has arrived."""
    if row is None:
        return False
    if case.name in NOT_PINNED or case.hand == "-":
        return row["unrealized_pnl"] is not None or case.hand == "-"
    return row.get("mark") is not None and abs(row["mark"] - float(case.quote)) < 1e-9


def by_hand(case: Case, book: dict[str, Any]) -> tuple[str, str]:
    """(quote, result); that of the cattle depends on the close, which the gateway tells."""
    if case.name != "LEZ5":
        return case.quote, case.hand
    close = next(float(row["mark"]) for row in book["positions"] if row["local_symbol"] == "LEZ5")
    return f"{close:g}", f"{-(close / 100 * 40_000 - 92_950):.2f}"


def table(rows: dict[str, Any], book: dict[str, Any]) -> tuple[list[str], int]:
    """The lines, and how many figures are wrong."""
    facts = {row["local_symbol"]: row for row in book["positions"]}
    lines, wrong = [HEAD], 0
    for case in CASES:
        quote, hand = by_hand(case, book)
        money = rows[case.name]["unrealized_pnl"]
        found = "-" if money is None else f"{money:.2f}"
        wrong += found != hand
        it = facts[case.name]
        unit = it["multiplier"] or ("10" if it["sec_type"] == "BOND" else "1")
        cells = f"{case.kind:<25} {case.name:<23} {quote:<14} {unit:<11} {it['price_magnifier']:<6} {it['currency']:<5}"
        lines.append(f"{cells} {hand:>9}  {found:>9}{'' if found == hand else '  WRONG'}")
    lines += ["", "By hand:"] + [f"  {case.name:<23} {case.sum}" for case in CASES]
    return lines, wrong


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true")
    args = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_simulator("--portfolio", "world", "--seed", "1", "--fresh", "--account-interval", "2") as simulator,
    ):
        pin(simulator, simulator.call("GET", "/book")["accounts"][0])
        with running_engine(simulator.port, Path(folder), mode="simulated") as bench:
            wait_for(
                lambda: all(stands(shown(bench).get(case.name), case) for case in CASES), "every quote has arrived"
            )
            lines, wrong = table(shown(bench), simulator.call("GET", "/book")["accounts"][0])
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if args.write:
        TABLE.write_text(text, encoding="utf-8")
        return int(wrong > 0)
    return int(wrong > 0 or not TABLE.exists() or TABLE.read_text("utf-8") != text)


if __name__ == "__main__":
    raise SystemExit(main())
