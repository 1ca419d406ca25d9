"""A realistic state of every section, for pages and the API to be built and tested on without an engine.

`fill_sample(bus)` publishes it; `tick_sample(bus, step)` moves prices, P&L and the heartbeat as one engine second
does. Deterministic: no random numbers, times come from the arguments.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from engine.bars.bar_files import BarColumns, BarFiles, StoredSession
from engine.domain import (
    ALL_ACCOUNTS,
    REL_VOLUME,
    Bar,
    Candidate,
    Condition,
    ContractRef,
    Fill,
    Incident,
    LineRow,
    Quote,
    Refusal,
    RuleCheck,
    ScanState,
    ScorePart,
    Signal,
    SymbolEvent,
)
from engine.health.incidents import IncidentBook
from engine.scanners.parameter_xml import parse
from engine.state.bus import StateBus
from engine.state.desk_sections import HoldingFacts, HoldingsSection, IndexBeta, IndexFacts, SectorsSection
from engine.state.incident_sections import IncidentsSection
from engine.state.scan_sections import ScanParametersSection
from engine.state.score_sections import (
    AuditReport,
    FoundSignal,
    ScoreFigures,
    ScoreGroup,
    ScoreRank,
    ScoresSection,
    ShadowReport,
)
from engine.state.sections import (
    AccountFigures,
    AgeRow,
    Answer,
    AnswersSection,
    BrokerSection,
    ChangeRow,
    FilteredRow,
    HealthSection,
    Heartbeat,
    LineEventsSection,
    LinesSection,
    LinkSpan,
    PnlPoint,
    PnlSection,
    PositionRow,
    PositionsSection,
    QuotesSection,
    ScannersSection,
    SettingRow,
    SettingsSection,
    SignalsSection,
    SizingFacts,
    SymbolSection,
    UniverseSection,
)
from engine.state.watchlist_sections import PriceLevel, SymbolNotes, Watchlist, WatchlistsSection
from simulator.scanner_xml import document

WALL = 1_795_382_400.0  # when the sample was "seen", if the caller gives no time
MARKET = 1_762_369_980.0  # 2025-11-05 14:13 New York: the gateway runs on its own clock
SESSION_OPEN = 1_762_353_000.0  # 9:30 New York of that day
RETRY_S = 120.0  # until the next try to connect: a slow browser still sees it counted down
ACCOUNT = "DU1234567"

NQ, TSLA, CL, SMCI = 691_171_673, 76_792_991, 174_230_608, 779_264_161
NAMES: tuple[tuple[int, str, str, str], ...] = (
    (NQ, "NQZ5", "NQ", "E-mini NASDAQ-100 Dec 25"),
    (TSLA, "TSLA", "TSLA", "Tesla Inc"),
    (CL, "CLZ5", "CL", "Light Sweet Crude Oil Dec 25"),
    (SMCI, "SMCI", "SMCI", "Super Micro Computer Inc"),
    (4_815_747, "NVDA", "NVDA", "NVIDIA Corp"),
    (4_391, "AMD", "AMD", "Advanced Micro Devices"),
    (107_113_386, "META", "META", "Meta Platforms Inc"),
    (88_385_302, "PLTR", "PLTR", "Palantir Technologies Inc"),
    (448_873_219, "IONQ", "IONQ", "IonQ Inc"),
    (72_063_691, "BRK B", "BRK B", "Berkshire Hathaway Inc-Cl B"),
    (265_598, "AAPL", "AAPL", "Apple Inc"),
    (272_093, "MSFT", "MSFT", "Microsoft Corp"),
    (3_691_937, "AMZN", "AMZN", "Amazon.com Inc"),
    (208_813_719, "GOOGL", "GOOGL", "Alphabet Inc-Cl A"),
    (2_586_251, "MU", "MU", "Micron Technology Inc"),
    (13_977, "BA", "BA", "Boeing Co"),
)
PRICES = (
    25_000.25,
    408.08,
    58.90,
    45.12,
    191.4,
    240.6,
    618.2,
    187.9,
    55.3,
    489.5,
    268.9,
    509.2,
    249.8,
    282.4,
    227.1,
    197,
)


def price_of(con_id: int, step: int = 0) -> float:
    """The sample's price of a contract after `step` steps, on a cent."""
    index = next(i for i, row in enumerate(NAMES) if row[0] == con_id)
    base = PRICES[index]
    return round(base * (1.0 + 0.0008 * math.sin(0.7 * step + index)), 2) if step else base


def quote(con_id: int, wall: float, mono: float, step: int = 0) -> Quote:
    local_symbol = next(row[1] for row in NAMES if row[0] == con_id)
    price = price_of(con_id, step)
    tick = 0.25 if con_id == NQ else 0.01
    return Quote(
        con_id=con_id,
        local_symbol=local_symbol,
        price=price,
        price_kind="last",
        bid=round(price - tick, 2),
        ask=round(price + tick, 2),
        bid_size=300.0,
        ask_size=500.0,
        last=price,
        last_size=100.0,
        volume=12_345_600.0,
        avg_volume=21_000_000.0,
        open=round(price * 0.995, 2),
        high=round(price * 1.012, 2),
        low=round(price * 0.991, 2),
        close=round(price * 0.9875, 2),
        halted=False,
        data_type="live",
        lane="streaming",
        received_mono=mono - 0.4,
        received_wall=wall - 0.4,
        epoch=1,
    )


def broker(wall: float, port: int = 7497) -> BrokerSection:
    return BrokerSection(
        mode="simulated",
        host="127.0.0.1",
        port=port,
        client_id=52,
        phase="connected",
        connected=True,
        account=ACCOUNT,
        server_version=176,
        reason="",
        cure="",
        retry_at_wall=None,
        since_wall=wall - 15_180.0,
        reconnects=1,
        clock_offset_s=MARKET - wall,
        clock_rate=1.0,
        session="open",
        session_text="closes in 1 h 47 min",
        session_ends_market=SESSION_OPEN + 23_400.0,
    )


def offline_broker(wall: float) -> BrokerSection:
    """What the strip gets when nothing listens at the broker's port."""
    return BrokerSection(
        mode="paper",
        host="127.0.0.1",
        port=7497,
        client_id=52,
        phase="waiting",
        connected=False,
        account=None,
        server_version=None,
        reason="Nothing listens on 127.0.0.1:7497",
        cure="Start TWS, then tick: Enable ActiveX and Socket Clients, Read-Only API, socket port 7497",
        retry_at_wall=wall + RETRY_S,
        since_wall=wall - 30.0,
        reconnects=0,
        clock_offset_s=0.0,
        clock_rate=1.0,
        session="unknown",
        session_text="",
        session_ends_market=None,
        retry_every_s=3.0,
    )


_HELD = (  # con_id, sec_type, quantity, avg_cost, multiplier, daily P&L, realised, last trade date
    (NQ, "FUT", 1.0, 501_327.25, 20.0, -2_285.00, 0.0, "20251219"),
    (TSLA, "STK", 100.0, 462.76, 1.0, -579.52, -2_671.52, ""),
    (CL, "FUT", 1.0, 61_732.37, 1_000.0, 240.00, 0.0, "20251120"),
)


def position_rows(wall: float, step: int = 0) -> tuple[PositionRow, ...]:
    exposures = [abs(q * price_of(con_id, step) * mult) for con_id, _, q, _, mult, *_ in _HELD]
    return tuple(
        _position(held, exposure, sum(exposures), wall, step) for held, exposure in zip(_HELD, exposures, strict=True)
    )


def _position(held: tuple, exposure: float, gross: float, wall: float, step: int) -> PositionRow:
    con_id, sec_type, quantity, avg_cost, multiplier, daily, realized, expiry = held
    last = price_of(con_id, step)
    close = round(last * 1.0045, 2)
    name = next(row for row in NAMES if row[0] == con_id)
    spark = [round(last * (1.0 + 0.002 * math.sin(i / 6.0)), 2) for i in range(60)]
    return PositionRow(
        con_id=con_id,
        fills_today=sum(item.con_id == con_id for item in FILLS),
        local_symbol=name[1],
        name=name[3],
        sec_type=sec_type,
        quantity=quantity,
        avg_cost=avg_cost,
        avg_price=avg_cost / multiplier,
        multiplier=multiplier,
        currency="USD",
        last=last,
        last_kind="last",
        last_wall=wall - 0.4,
        data_type="live",
        close=close,
        change_pct=(last / close - 1.0) * 100.0,
        unrealized_pnl=quantity * (last * multiplier - avg_cost),
        ib_unrealized_pnl=quantity * (last * multiplier - avg_cost) - 0.25,
        daily_pnl=daily,
        realized_pnl=realized,
        exposure=exposure,
        exposure_pct=exposure / gross * 100.0,
        ema_fast=round(last * 1.0004, 4),
        ema_slow=round(last * (1.0011 if con_id != CL else 0.9991), 4),
        trend="above" if con_id == CL else "below",
        spark=tuple(None if con_id == TSLA and 20 <= i < 24 else value for i, value in enumerate(spark)),
        has_line=True,
        last_trade_date=expiry,
        tick_value={NQ: 5.0, CL: 10.0}.get(con_id),
        account=ACCOUNT,
        per_point=multiplier,
        mark=last,
        mark_kind="last",
        mark_wall=wall - 0.4,
        exposure_base=exposure,
        check="Agrees with IB's P&L",
    )


class SampleBars(BarFiles):
    """The last hour's minutes of what is held, as the rows' sparklines have them."""

    def sessions(self, con_id: int, newest: int) -> list[StoredSession]:
        row = next((row for row in position_rows(WALL) if row.con_id == con_id), None)
        minutes = (
            [] if row is None else [(MARKET - 60.0 * (60 - i), v) for i, v in enumerate(row.spark) if v is not None]
        )
        if not minutes:
            return []
        times, closes = np.array(minutes, dtype=float).T
        whole = np.full(len(closes), 3.0)
        return [StoredSession(20251105, None, None, BarColumns(times, closes, closes, closes, closes, whole, whole))]


FILTERED = (
    FilteredRow(9_001, "TOGI", "STK", 4_000.0, "OTC stock without market data", "OTC", ACCOUNT, "USD"),
    FilteredRow(9_002, "MRAI", "STK", 150.0, "OTC stock without market data", "OTC", ACCOUNT, "USD"),
    FilteredRow(9_003, "KALRQ", "STK", 900.0, "Bankruptcy shares (Q)", "delisted", ACCOUNT, "USD"),
    FilteredRow(9_004, "AZREF", "STK", 500.0, "Foreign ordinary, OTC", "OTC", ACCOUNT, "USD"),
    FilteredRow(9_005, "CNCE.CVR", "STK", 1_000.0, "Contingent value right", "right", ACCOUNT, "USD"),
    FilteredRow(9_006, "RFP.CVR", "STK", 200.0, "Contingent value right", "right", ACCOUNT, "USD"),
    FilteredRow(9_007, "FUSN.CVR", "STK", 300.0, "Contingent value right", "right", ACCOUNT, "USD"),
    FilteredRow(9_008, "TOGIW", "WAR", 50.0, "Warrant", "warrant", ACCOUNT, "USD"),
    FilteredRow(9_009, "ALPSQ.OLD", "STK", 75.0, "Delisted", "delisted", ACCOUNT, "USD"),
)
FILLS = (
    Fill("0001f4e8.1", TSLA, "TSLA", "SLD", 50.0, 409.35, MARKET - 2_400.0, "ISLAND", 1.02, -2_671.52, ACCOUNT),
    Fill("0001f4e8.2", CL, "CLZ5", "BOT", 1.0, 58.66, MARKET - 1_300.0, "NYMEX", 2.37, None, ACCOUNT),
)


def positions(wall: float, step: int = 0) -> PositionsSection:
    rows = position_rows(wall, step)
    account = AccountFigures(
        currency="USD",
        base_currency="USD",
        account=ACCOUNT,
        rows_daily_pnl=sum(row.daily_pnl for row in rows),
        net_liquidation=184_311.46,
        excess_liquidity=96_204.18,
        init_margin=96_000.0,
        maint_margin=88_107.28,
        available_funds=88_311.46,
        gross_exposure=sum(row.exposure or 0.0 for row in rows),
        realized_today=-2_671.52,
        commission_today=3.39,
        fills_today=2,
        daily_pnl=round(-2_624.52 + 35.0 * math.sin(0.7 * step), 2),
        daily_pnl_pct=-1.4,
        unrealized_pnl=sum(row.unrealized_pnl or 0.0 for row in rows),
        priced=3,
        updated_wall=wall - 2.0,
    )
    return PositionsSection(
        tradable=rows,
        filtered=FILTERED,
        account=account,
        fills=FILLS,
        complete=True,
        ema_fast_len=8,
        ema_slow_len=21,
        accounts=(account,),
    )


def holdings() -> HoldingsSection:
    """Betas of two of the three: the third has too few days."""

    def facts(con_id: int, root: str, family: str, nq: float | None, days: int, **more: object) -> HoldingFacts:
        betas = (IndexBeta("NQ", nq, days), IndexBeta("ES", nq and nq * 1.1, days))
        return HoldingFacts(con_id, root, family, betas=betas, **more)  # type: ignore[arg-type]

    return HoldingsSection(
        holdings=(
            facts(NQ, "NQ", "future", 1.0, 0, industry="Indices", last_trade="20251219", trade_left=31, notice="cash"),
            facts(TSLA, "TSLA", "stock", 1.82, 60, industry="Consumer, Cyclical", category="Auto Manufacturers"),
            facts(
                CL, "CL", "future", None, 12, industry="Energy", last_trade="20251120", trade_left=11, notice="after"
            ),
        ),
        indexes=(IndexFacts("NQ", "QQQ", 250), IndexFacts("ES", "SPY", 250)),
        window_days=60,
        least_days=20,
    )


def sectors() -> SectorsSection:
    """Of the names of the sample."""
    told = (
        ("Technology", "Semiconductors", "Electronic Compo-Semicon"),
        ("Consumer, Cyclical", "Auto Manufacturers", "Auto-Cars/Light Trucks"),
        ("Technology", "Software", "Applications Software"),
    )
    stocks = [con_id for con_id, *_ in NAMES if con_id not in (NQ, CL)]
    return SectorsSection(sectors=told, of=tuple((con_id, n % 3) for n, con_id in enumerate(stocks)), waiting=2)


def _line(index: int, wall: float) -> LineRow:
    con_id, local_symbol, _, _ = NAMES[index]
    line_class, priority, holders, reason = _line_place(index)
    return LineRow(
        con_id=con_id,
        local_symbol=local_symbol,
        line_class=line_class,
        priority=priority,
        lane="streaming",
        holders=holders,
        reason=reason,
        since_wall=wall - 60.0 * (index + 1),
        last_tick_wall=wall - 0.4 if index != 13 else None,
        state="live" if index != 13 else "pending",
        score=round(0.9 - 0.04 * index, 2) if line_class in ("50", "25") else None,
        next_out=None if index < 4 else len(NAMES) - index,
        dwell_from_wall=wall - 60.0 * (index + 1) + 0.3,
        dwell_s=None if index < 3 else 5.0,
    )


def _line_place(index: int) -> tuple:
    if index < 3:
        return "100", 100, ("position",), "position"
    if index == 3:
        return "pinned", None, ("pin",), "pinned by you"
    if index < 7:
        return "50", 50, ("breakout",), "breakout confirmed, score 0.78"
    return "25", 25, ("market",), f"candidate, Momentum #{index - 6}"


def line_events() -> LineEventsSection:
    changes = tuple(
        SymbolEvent(MARKET - 300.0 + 20.0 * i, kind, symbol, text, con_id)
        for i, (kind, symbol, text, con_id) in enumerate(
            (
                ("admitted", "SMCI", "pinned by you", SMCI),
                ("evicted", "QCOM", "idle for 600 s", 273_544),
                ("refused", "RKLB", "Cannot subscribe to RKLB: at limit (48/50, 2 kept for positions)", 512_345),
                ("upgraded", "NVDA", "25 -> 50, breakout confirmed", 4_815_747),
            )
        )
    )
    return LineEventsSection(events=changes)


def lines(wall: float, step: int = 0) -> LinesSection:
    rows = tuple(_line(i, wall) for i in range(len(NAMES)))
    by_class = {name: sum(row.line_class == name for row in rows) for name in ("100", "pinned", "50", "25", "coverage")}
    return LinesSection(
        limit=50,
        effective_limit=50,
        buffer=5,
        used=len(rows),
        near=False,
        scanner_capacity=45,
        scanner_free=45 - (len(rows) - 3),
        by_class=by_class,
        changing=0,
        rows=rows,
        refused=(
            Refusal(
                512_345, "RKLB", "Cannot subscribe to RKLB: at limit (48/50, 2 kept for positions)", wall - 90.0, 3
            ),
        ),
        used_history=tuple((wall - 1_800.0 + 60.0 * i, 10 + (i * 7) % 7) for i in range(30)) + ((wall, len(rows)),),
        worst_second=12,
    )


def _parts(score: float) -> tuple[ScorePart, ...]:
    shares = (("distance", 0.225), ("relative volume", 0.175))
    return tuple(ScorePart(name, round(score * most, 3), most) for name, most in shares)


def signals(step: int = 0) -> SignalsSection:
    def made(i: int, con_id: int, symbol: str, side: str, state: str) -> Signal:
        price = price_of(con_id)
        at = MARKET - 3_000.0 + 600.0 * i
        score = round(0.62 + 0.06 * i, 2)
        return Signal(
            id=f"{con_id}-{at:.0f}",
            con_id=con_id,
            local_symbol=symbol,
            side=side,
            at=at,
            triggered_at=at - 12.0,
            level=round(price * 0.997, 2),
            level_kind="range" if i % 2 else "opening range",
            last=price,
            atr=round(price * 0.0021, 4),
            score=score,
            parts=_parts(score),
            lane="streaming",
            state=state,
            rel_volume=2.1,
            surge=1.9,
            ended_at=at + 420.0 if state == "ended" else None,
        )

    return SignalsSection(
        signals=(
            made(0, 88_385_302, "PLTR", "long", "ended"),
            made(1, 107_113_386, "META", "short", "active"),
            made(2, 4_391, "AMD", "long", "active"),
            made(3, 4_815_747, "NVDA", "long", "active"),
        ),
        total=4,
    )


_SCANS = ("Momentum", "Since open", "Relative volume", "52-week high", "Trend break", "Volume pace", "Short side")


def scanners(step: int = 0) -> ScannersSection:
    states = ("confirmed", "confirming", "candidate", "warming", "scan")
    candidates = tuple(
        Candidate(
            con_id=con_id,
            local_symbol=symbol,
            score=round(max(0.05, 0.92 - 0.06 * i), 2),
            parts=_parts(max(0.05, 0.92 - 0.06 * i)),
            since_market=MARKET - 90.0 * (i + 1),
            scans=(f"{_SCANS[i % 7]} #{i + 1}", f"{_SCANS[(i + 2) % 7]} #{i + 4}"),
            state=states[i % 5],
            side="short" if i == 2 else "long",
            price=price_of(con_id, step),
            change_pct=round(4.2 - 0.5 * i, 2),
            since_open_pct=round(2.2 - 0.4 * i, 2),
            rel_volume=round(3.4 - 0.2 * i, 2),
            distance_atr=round(0.8 - 0.15 * i, 2),
            spread_bp=round(1.5 + 0.4 * i, 1),
            warm_bars=9 if i % 5 == 3 else None,
            warm_needed=21 if i % 5 == 3 else None,
            nearest_miss="volume surge at 1.49x of 1.50x" if i % 5 == 2 else "",
            score_at_signal=round(0.74 - 0.02 * i, 4) if i % 5 == 0 else None,
            before_look=i == 5,
        )
        for i, (con_id, symbol, _, _) in enumerate(NAMES[3:])
    )
    columns = tuple(SESSION_OPEN + 300.0 * i for i in range(56))
    heat = tuple(
        (
            row[1],
            tuple(None if (i + j) % 11 == 0 else round(0.5 + 0.5 * math.sin((i + 2 * j) / 5.0), 2) for j in range(56)),
        )
        for i, row in enumerate(NAMES[3:])
    )
    running = [signal for signal in signals().signals if signal.state == "active"]
    return ScannersSection(
        scores_now=tuple((signal.id, round(signal.score - 0.08, 4)) for signal in running),
        scans=tuple(
            ScanState(
                name=name,
                scan_code="TOP_PERC_GAIN",
                instrument="STK",
                enabled=True,
                state="live" if i else "warming",
                rows=50 - i,
                result_market=MARKET - 20.0 if i else None,
                meaning="gainers of the day",
            )
            for i, name in enumerate(_SCANS)
        ),
        slots_used=7,
        candidates=candidates,
        heat_score=heat,
        heat_times=columns,
        events=(
            SymbolEvent(MARKET - 120.0, "enter", "SMCI", "Momentum #3", SMCI),
            SymbolEvent(MARKET - 60.0, "leave", "QCOM", "Momentum", 273_544),
            SymbolEvent(MARKET - 20.0, "enter", "IONQ", "Volume pace #9", 448_873_219),
        ),
        universe=512,
        with_bars=140,
        warming_text="warming: history queued, 140 of 512",
        breakout_run_market=MARKET - 4.0,
        market_run_market=MARKET - 20.0,
        breakout_cycle_ms=3.4,
        results_breakout=4,
        results_market=len(candidates),
        signals_today=4,
        longest_slice_ms=2.1,
    )


def minute_bars(con_id: int, count: int = 390) -> tuple[Bar, ...]:
    """`count` minutes up to MARKET, the last one still open; ends at the contract's sample price."""
    price = price_of(con_id)
    start = math.floor(MARKET / 60.0) * 60.0 - 60.0 * (count - 1)
    closes = [
        round(price * (1.0 + 0.006 * math.sin(i / 23.0) - 0.006 * math.sin((count - 1) / 23.0)), 2)
        for i in range(count)
    ]
    bars = []
    for i, close in enumerate(closes):
        opened = closes[i - 1] if i else close
        bars.append(
            Bar(
                time=start + 60.0 * i,
                open=opened,
                high=round(max(opened, close) * 1.0006, 2),
                low=round(min(opened, close) * 0.9994, 2),
                close=close,
                volume=float(12_000 + 8_000 * abs(195 - i % 390) // 10),
                source="history" if i < count // 2 else "streamed",
                closed=i < count - 1,
            )
        )
    return tuple(bars)


def daily_bars(con_id: int, count: int = 20) -> tuple[Bar, ...]:
    price = price_of(con_id)
    return tuple(
        Bar(SESSION_OPEN - 86_400.0 * (count - i), price * 0.98, price * 1.02, price * 0.97, price, 2.1e7, "history")
        for i in range(count)
    )


def rules(price: float) -> tuple[RuleCheck, ...]:
    level = round(price * 1.003, 2)
    return (
        RuleCheck("Price above trigger", price, level, False, f"{price:,.2f}", f"> {level:,.2f}"),
        RuleCheck("Volume surge", 1.49, 1.5, False, "1.49x", ">= 1.50x"),
        RuleCheck(REL_VOLUME, 2.1, 1.5, True, "2.10x", ">= 1.50x"),
        RuleCheck("Trend", 1.0, 0.0, True, "EMA 8 above EMA 21", "above"),
        RuleCheck("Confirmation", None, 10.0, None, "–", "10 s", "not beyond the level yet"),
    )


def symbol(con_id: int, wall: float, mono: float, step: int = 0) -> SymbolSection:
    row = next(item for item in NAMES if item[0] == con_id)
    held = next((p for p in position_rows(wall, step) if p.con_id == con_id), None)
    price = price_of(con_id, step)
    return SymbolSection(
        con_id=con_id,
        local_symbol=row[1],
        name=row[3],
        sec_type=held.sec_type if held else "STK",
        exchange={NQ: "CME", CL: "NYMEX"}.get(con_id, "SMART"),
        currency="USD",
        multiplier=held.multiplier if held else 1.0,
        min_tick=0.25 if con_id == NQ else 0.01,
        time_zone="US/Eastern",
        quote=quote(con_id, wall, mono, step),
        bars=minute_bars(con_id),
        daily=daily_bars(con_id),
        atr=round(price * 0.0021, 4),
        vwap=round(price * 1.001, 2),
        rel_volume=2.1,
        rel_volume_base="20 sessions",
        level_long=round(price * 1.003, 2),
        level_short=round(price * 0.991, 2),
        opening_range=(round(price * 0.994, 2), round(price * 1.004, 2)),
        ema_fast_len=8,
        ema_slow_len=21,
        rules=rules(price),
        rules_short=(),
        why_text="Nearest miss: volume surge at 1.49x of 1.50x.",
        line_text="Has a line at priority 100: it is a position." if held else "Has a line: a page has it open.",
        position=held,
        signals=tuple(item for item in signals().signals if item.con_id == con_id),
        fills=tuple(item for item in FILLS if item.con_id == con_id),
        pinned=con_id == SMCI,
        sizing=sizing(con_id, held),
    )


def sizing(con_id: int, held: PositionRow | None) -> SizingFacts:
    """A stock's margin is estimated, a future's is not known."""
    is_stock = held is None or held.sec_type == "STK"
    return SizingFacts(
        per_point=held.multiplier if held else 1.0,
        step=1.0,
        base_currency="USD",
        rate=1.0,
        net_liquidation=184_311.46,
        excess_liquidity=96_204.18,
        average_volume=21_000_000.0 if is_stock else 590_000.0,
        average_days=20,
        atr_day=round(price_of(con_id) * 0.021, 4),
        margin_long=0.5 if is_stock else None,
        margin_short=0.5 if is_stock else None,
        margin_source="Estimate: Regulation T" if is_stock else "A future's margin is its exchange's and IB's",
    )


def incidents(wall: float) -> IncidentsSection:
    """Two weeks with TWS' nightly restart, a farm that flapped, two quiet positions, and what a crash left open."""
    book = IncidentBook(lambda incident: None, lambda at: at - wall + MARKET)
    away = [("link", None, "", 86_400.0 * day + 36_000.0, 74.0 + 11.0 * day) for day in range(14)]
    others = [
        ("track:usfarm", None, "", 900.0, 60.0), ("track:usfarm", None, "", 90_000.0, 3.2),
        ("silent:1", 1, "CLZ5", 7_200.0, 71.0), ("silent:2", 2, "TSLA", 180_000.0, 64.0),
        ("silent:1", 1, "CLZ5", 260_000.0, 188.0),
    ]  # fmt: skip
    words = {"link": ("Not connected to TWS", "Not connected to TWS: closed. Connected again.")}
    for key, con_id, symbol, ago, took in sorted((*away, *others), key=lambda outage: -outage[3]):
        begins, ends = words.get(key, ("Others tick, and this one should", "It ticks again."))
        book.begin(key, begins, wall - ago, wall - ago, is_red=key != "link", con_id=con_id, symbol=symbol)
        book.end(key, wall - ago + took, ends)
    book.restore(
        [Incident("feed", "feed", None, "", wall - 400_000.0, MARKET - 400_000.0, wall - 399_940.0, None, "x", True)],
        wall,
    )
    return book.section()


def health(wall: float) -> HealthSection:
    return HealthSection(
        conditions=(
            Condition(
                "farm:usfarm",
                "info",
                "Market data farm is back",
                "usfarm",
                "",
                2104,
                wall - 900.0,
                wall - 840.0,
                2,
                False,
            ),
            Condition(
                "delayed:9004",
                "warning",
                "AZREF: delayed data",
                "No live permission for OTC Markets",
                "Subscribe to OTC Markets in Client Portal",
                10167,
                wall - 15_000.0,
                wall - 15_000.0,
                1,
                True,
            ),
        ),
        ages=(
            AgeRow("Engine heartbeat", wall - 0.5, 6.0),
            AgeRow("Prices", wall - 0.4, 60.0),
            AgeRow("Positions", wall - 2.0, 30.0),
            AgeRow("Breakout scanner", wall - 4.0, 25.0),
            AgeRow("Market scanner", wall - 20.0, 150.0),
            AgeRow("Journal", None, 10.0),
        ),
        link_spans=(
            LinkSpan("Connection", "up", wall - 15_180.0, None),
            LinkSpan("IB servers", "up", wall - 15_180.0, wall - 900.0),
            LinkSpan("IB servers", "down", wall - 900.0, wall - 840.0, "usfarm"),
            LinkSpan("IB servers", "up", wall - 840.0, None),
        ),
        status_block=(
            ("Uptime", "4 h 13 min"),
            ("Subscriptions", "16/50"),
            ("Positions", "3 tradable, 9 filtered"),
            ("Scanner capacity", "45 slots available"),
            ("Prices", "16"),
            ("IB connected", "True"),
            ("Live mode", "False (simulated)"),
        ),
        log_tail=(
            (wall - 15_181.0, "INFO", "Tracking 3 tradable positions"),
            (wall - 15_181.0, "INFO", "Filtered 9 non-tradable symbols"),
            (wall - 15_180.0, "INFO", "Subscribed LIVE TSLA (priority=100)"),
            (wall - 90.0, "WARNING", "Cannot subscribe to RKLB: at limit (48/50, 2 kept for positions)"),
        ),
        loop_lateness_p99_ms=0.8,
        decoded_per_s=212.0,
        sent_worst_second=12,
        sent_kinds=(("Market data, begin", 214), ("Market data, end", 198), ("TWS' time", 1_204)),
        restarts={"bars": 0, "lines": 0},
        error_counts={},
        volume_units={"simulated": "lots of 100"},
        state_write_ms=3.1,
        journal_last_wall=wall - 1.0,
        disk_free_gb=212.4,
        build_id="0.1.0+5a1c9e77",
        version="0.1.0",
    )


def settings(wall: float) -> SettingsSection:
    return SettingsSection(
        rows=(
            SettingRow("broker.mode", "simulated", "simulated", "config.yaml", False),
            SettingRow("broker.port", None, None, "default", False),
            SettingRow("lines.limit", 50, 50, "command line", True),
            SettingRow("breakout.bars_n", 15, 20, "saved", False),
            SettingRow("breakout.volume_surge", 1.5, 1.5, "default", False),
        ),
        changes=(ChangeRow(1, wall - 3_600.0, "page", "breakout.bars_n", 20, 15),),
    )


def pnl(wall: float, step: int = 0, count: int = 300) -> PnlSection:
    """`count` points 2 s apart; ten of them are a gap."""
    points = []
    for i in range(count):
        back = 2.0 * (count - 1 - i)
        gap = 120 <= i < 130
        wave = 60.0 * math.sin((i + step) / 17.0)
        points.append(
            PnlPoint(
                t=wall - back,
                m=MARKET - back,
                unrealized=None if gap else round(-15_882.62 + wave, 2),
                realized=None if gap else -2_671.52,
                daily=None if gap else round(-2_624.52 + wave, 2),
            )
        )
    return PnlSection(points=tuple(points))


def universe() -> UniverseSection:
    kinds = {NQ: ("FUT", "CME"), CL: ("FUT", "NYMEX")}
    return UniverseSection(
        symbols=tuple(
            (con_id, local, short, *kinds.get(con_id, ("STK", "SMART")), "streaming")
            for con_id, local, short, _ in NAMES
        )
        + ((512_345, "RKLB", "RKLB", "STK", "SMART", "none"), (273_544, "QCOM", "QCOM", "STK", "SMART", "visited"))
    )


def scores() -> ScoresSection:
    """Two groups known well, one with too few; a shadow that found more; an audit that is over."""

    def figures(signals: int, known: int, move: float, won: float) -> ScoreFigures:
        return ScoreFigures(
            signals,
            (known,) * 4,
            (move / 3, move / 2, move, move * 1.4),
            (0.4, 0.7, 1.1, 1.6),
            (-0.3, -0.5, -0.6, -0.9),
            won,
        )

    found = tuple(
        FoundSignal(
            con_id, symbol, "short" if i == 1 else "long", MARKET - 400.0 * i, 100.0 + i, 0.7, 0.4 - 0.3 * i, "sampled"
        )
        for i, (con_id, symbol, _, _) in enumerate(NAMES[3:7])
    )
    groups = (
        ScoreGroup("all", "All", figures(24, 21, 0.42, 0.5714)),
        ScoreGroup("hour", "10:00", figures(15, 15, 0.61, 0.6)),
        ScoreGroup("hour", "14:00", figures(9, 6, -0.2, 0.3333)),
        ScoreGroup("scan", "Momentum", figures(12, 11, 0.3, 0.5455)),
        ScoreGroup("score", "0.702 to 0.811", figures(10, 10, 0.8, 0.7)),
        ScoreGroup("side", "long", figures(20, 18, 0.5, 0.6111)),
    )
    return ScoresSection(
        today=groups[:3],
        days=groups,
        sessions=7,
        rank_today=ScoreRank(21, 0.412),
        rank_days=ScoreRank(180, 0.231),
        shadow=ShadowReport(
            "Loose", MARKET - 3_600.0, figures(4, 3, 0.4, 0.6667), figures(9, 8, 0.1, 0.5), 3, found[:1], found[1:]
        ),
        audit=AuditReport(
            "2025-11-05",
            MARKET,
            512,
            3,
            31,
            22,
            2,
            7,
            figures(7, 7, 0.35, 0.5714),
            found,
            looked_market=MARKET - 7_200.0,
        ),
    )


def fill_sample(bus: StateBus, wall: float = WALL, mono: float = 1_000.0, *, connected: bool = True) -> None:
    """Publish every section once, plus `symbol:` sections of TSLA, NQZ5 and NVDA with 390 bars each.

    `wall` and `mono` = "now" of the clock that the pages under test use (`clock.wall()`, `clock.mono()`).
    """
    tick_sample(bus, 0, wall, mono)
    bus.publish("broker", broker(wall) if connected else offline_broker(wall))
    bus.publish("lines", lines(wall))
    bus.publish("line_events", line_events())
    bus.publish("signals", signals())
    bus.publish("health", health(wall))
    bus.publish("incidents", incidents(wall))
    bus.publish("settings", settings(wall))
    bus.publish("universe", universe())
    bus.publish("watchlists", WatchlistsSection())
    bus.publish("scores", scores())
    bus.publish("holdings", holdings())
    bus.publish("sectors", sectors())
    bus.publish("scan_parameters", ScanParametersSection(parameters=parse(document()), day="20251105"))
    bus.publish(
        "answers", AnswersSection(answers=(Answer("0" * 32, True, "Applied: bars N 20 -> 15", wall - 3_600.0),))
    )
    for con_id in (NQ, 4_815_747):
        bus.publish(f"symbol:{con_id}", symbol(con_id, wall, mono))


def tick_sample(bus: StateBus, step: int, wall: float, mono: float) -> None:
    """What changes in one engine second: heartbeat, prices, P&L, candidates, the open symbol."""
    bus.publish(
        "heartbeat",
        Heartbeat(
            at_wall=wall - 0.2, at_market=MARKET + step, started_wall=wall - 15_200.0 - step, loop_lateness_p99_ms=0.8
        ),
    )
    bus.publish("positions", positions(wall, step))
    bus.publish("quotes", QuotesSection(quotes=tuple(quote(row[0], wall, mono, step) for row in NAMES)))
    bus.publish("scanners", scanners(step))
    bus.publish("pnl", pnl(wall, step))
    bus.publish(f"symbol:{TSLA}", symbol(TSLA, wall, mono, step))


def listed(*con_ids: int) -> tuple[ContractRef, ...]:
    """Contracts of the sample as watch-lists keep them."""
    rows = {row[0]: row for row in NAMES}
    return tuple(
        ContractRef(con_id, symbol, local, "FUT", "CME") if local.endswith("Z5") else
        ContractRef(con_id, symbol, local, "STK", "SMART", "NASDAQ")
        for con_id, local, symbol, _ in (rows[each] for each in con_ids)
    )  # fmt: skip


def fill_lists(bus: StateBus) -> None:
    """Two watch-lists, a note and two levels."""
    lists = (
        Watchlist(1, "Tech", listed(265_598, 272_093, TSLA, 4_391)),
        Watchlist(2, "Futures", (*listed(NQ), ContractRef(99, "VX", "VXZ5", "FUT", "CFE", last_trade_date="20251217"))),
    )
    levels = (PriceLevel(2, 415.0, "gap"), PriceLevel(1, 401.5))
    noted = (SymbolNotes(TSLA, "TSLA", "Sell the second push", levels), SymbolNotes(265_598, "AAPL", "", levels[:1]))
    bus.publish("watchlists", WatchlistsSection(lists=lists, noted=noted))


CLIENTS = (ACCOUNT, "DU2234567", "DU3000001")  # of an advisor's login; the first two look the same when shortened


def fill_accounts(bus: StateBus, shown: str | None = None, wall: float = WALL) -> None:
    """Three accounts, the second with a short position in a symbol that the first one holds, the third with nothing."""
    rows = position_rows(wall)
    rows += (replace(rows[0], account=CLIENTS[1], quantity=-3.0, daily_pnl=10.0),)
    each = tuple(AccountFigures(currency="USD", account=name, daily_pnl=float(n)) for n, name in enumerate(CLIENTS))

    def section(account: str | None) -> PositionsSection:
        own = tuple(figures for figures in each if account in (None, figures.account))
        return PositionsSection(
            tradable=tuple(row for row in rows if account in (None, row.account)),
            filtered=(),
            account=own[0] if account else AccountFigures(currency="USD", daily_pnl=3.0),
            fills=(),
            complete=True,
            ema_fast_len=8,
            ema_slow_len=21,
            accounts=own,
        )

    bus.publish("broker", replace(broker(wall), accounts=CLIENTS))
    bus.publish("positions", section(shown))
    curve = pnl(wall)  # an account's own lies 100,000 above that of all together
    points = tuple(replace(p, daily=(p.daily or 0.0) + 100_000.0) if p.daily and shown else p for p in curve.points)
    bus.publish("pnl", replace(curve, points=points, account=shown or ALL_ACCOUNTS))
    if shown:
        bus.publish("positions_all", section(None))
    else:
        bus.remove("positions_all")
