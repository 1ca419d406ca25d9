"""What is held beside its money, and the bars of the indexes: asked for once a day, when something is held."""

import asyncio
from datetime import date

from engine.bars.trading_day import midnight_utc
from engine.broker.port import HistoryRequest
from engine.domain import Bar, ContractInfo, ContractRef
from engine.errors import RequestRejected
from engine.portfolio.beta import LEAST_DAYS
from engine.portfolio.holdings import Holdings, Ties
from engine.portfolio.index_bars import INDEXES, IndexBars
from tests.app.sample_state import quote

TODAY = date(2025, 11, 5)
NOW = midnight_utc(TODAY)
FUNDS = {"QQQ": 320_227_571, "SPY": 756_733, "IWM": 9_579_970}
NQ = ContractRef(1, "NQ", "NQZ5", "FUT", exchange="CME", multiplier=20.0, last_trade_date="20251219")
TSLA = ContractRef(76_792_991, "TSLA", "TSLA", "STK", exchange="SMART", primary_exchange="NASDAQ")
CALL = ContractRef(3, "TSLA", "TSLA  251219C00400000", "OPT", exchange="SMART", last_trade_date="20251219")


def days(times: float, count: int = 80) -> tuple[Bar, ...]:
    """The last one is today's, which runs."""
    price, out = 100.0, []
    for n in range(count):
        price *= 1.0 + times * (0.01 * ((5 * n) % 7 - 3) + 0.001)
        out.append(Bar(NOW - (count - 1 - n) * 86_400.0, price, price, price, price, None, "history"))
    return tuple(out)


class Source:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False

    async def contract_info(self, contract: ContractRef, timeout_s: float = 15.0) -> list[ContractInfo]:
        self.asked.append(f"details {contract.symbol}")
        return [ContractInfo(ContractRef(FUNDS[contract.symbol], contract.symbol, contract.symbol, "STK", "SMART"))]

    async def history(self, contract: ContractRef, request: HistoryRequest, timeout_s: float = 60.0) -> list[Bar]:
        self.asked.append(f"{request.duration} {request.bar_size} {contract.symbol}")
        if self.refuses:
            raise RequestRejected(162, "no market data permissions")
        return list(days(1.0))


async def ran(bars: IndexBars, rounds: int = 40) -> None:
    task = asyncio.create_task(bars.run())
    for _ in range(rounds):
        await asyncio.sleep(0)
    task.cancel()


def index_bars(source: Source, known=lambda con_id: (), wanted: bool = True) -> IndexBars:
    return IndexBars(source, known, lambda: NOW, lambda: wanted, first_s=0.0)


def test_each_funds_year_is_asked_for_once_a_day() -> None:
    source = Source()
    bars = index_bars(source)
    before = bars.version
    asyncio.run(ran(bars))
    assert source.asked == [text for name in ("QQQ", "SPY", "IWM") for text in (f"details {name}", f"1 Y 1 day {name}")]
    assert len(bars.closes("NQ")) == 79, "without the running day"
    assert bars.version != before


def test_nothing_is_asked_while_nothing_is_held_nor_what_is_here_anyway() -> None:
    source = Source()
    asyncio.run(ran(index_bars(source, wanted=False)))
    assert source.asked == []
    here = index_bars(source, known=lambda con_id: days(1.0, 30))
    asyncio.run(ran(here))
    assert source.asked == ["details QQQ", "details SPY", "details IWM"]
    assert len(here.closes("ES")) == 29


def test_a_refusal_is_no_beta_and_no_loop() -> None:
    source = Source()
    source.refuses = True
    bars = index_bars(source)
    asyncio.run(ran(bars))
    assert source.asked == ["details QQQ", "1 Y 1 day QQQ"], "again in a quarter of an hour"
    assert bars.closes("NQ") == {}


def holdings(contracts: list[ContractRef], daily: dict[int, tuple[Bar, ...]]) -> Holdings:
    bars = index_bars(Source())
    asyncio.run(ran(bars))
    info = ContractInfo(TSLA, industry="Consumer, Cyclical", category="Auto Manufacturers", subcategory="Auto-Cars")
    option = quote(TSLA.con_id, 0.0, 0.0)
    return Holdings(
        Ties(
            lambda: contracts,
            lambda con_id: info if con_id == TSLA.con_id else None,
            lambda con_id: option,
            lambda con_id: daily.get(con_id, ()),
            lambda name, currency: TSLA if (name, currency) == ("TSLA", "USD") else None,
            lambda: NOW,
            lambda: TODAY,
        ),
        bars,
    )


def test_betas_of_a_future_a_share_and_its_option() -> None:
    made = holdings([NQ, TSLA, CALL], {TSLA.con_id: days(2.0), NQ.con_id: days(1.0)})
    section = made.section()
    nq, tesla, call = section.holdings
    assert [(beta.index, beta.value, beta.days) for beta in nq.betas][0] == ("NQ", 1.0, 0), "it is the index"
    assert nq.betas[1].value is not None and nq.betas[1].days == 60, "to the other indexes by its bars"
    assert tesla.betas[0].value is not None and abs(tesla.betas[0].value - 2.0) < 0.02
    assert call.betas == tesla.betas, "an option goes with its share"
    assert (call.root, call.family, call.trade_left, call.notice) == ("TSLA", "stock", 31, "unknown")
    assert (nq.trade_left, nq.notice) == (31, "cash")
    assert (tesla.industry, tesla.last_trade, tesla.notice) == ("Consumer, Cyclical", "", "")
    assert [index.name for index in section.indexes] == [index.name for index in INDEXES]
    assert made.section().holdings[1].betas is tesla.betas, "worked out once"


def test_other_bars_are_other_betas_whatever_takes_their_place_in_memory() -> None:
    daily = {TSLA.con_id: days(2.0)}
    made = holdings([TSLA], daily)
    before = made.section().holdings[0].betas[0].value
    for times in (1.0, 3.0, 1.0):
        daily[TSLA.con_id] = days(times)
        after = made.section().holdings[0].betas[0].value
        assert before is not None and after is not None and abs(after - times) < 0.02 < abs(after - before)
        before = after


def test_too_few_days_are_said() -> None:
    section = holdings([TSLA], {TSLA.con_id: days(1.0, LEAST_DAYS)}).section()
    assert [(beta.value, beta.days) for beta in section.holdings[0].betas] == [(None, LEAST_DAYS - 2)] * 3
    assert holdings([CALL], {}).section().holdings[0].betas[0].days == 0
