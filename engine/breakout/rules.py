"""The breakout rules: from facts, a price and a clock to gates, a distance and a score. Pure.

A reading lists every gate with its value, its limit and whether it passed; the why-not panel is the same list in
words (`engine.breakout.why`). Long in the text; the short side mirrors it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from engine.breakout.facts import Facts
from engine.breakout.score import Inputs, breakout_parts, share_of_gates
from engine.breakout.volumes import Seen, VolumeNow, ratio, relative, steady_volume, volume_now
from engine.config import BreakoutParams
from engine.domain import REL_VOLUME, ScorePart, Side

LevelKind = Literal["range", "opening range"]


class Gate(NamedTuple):
    """One rule. `passed` None = unknown, which counts as not passed."""

    name: str
    value: float | None
    limit: float | None
    passed: bool | None
    detail: str = ""


class Floors(NamedTuple):
    """Limits for stocks of the universe; positions and pins have none."""

    price_usd: float
    average_volume: float
    average_usd_volume: float


STANDING = frozenset({"frozen", "delayed frozen"})  # the market is closed: the newest minute is none of today's


class Live(NamedTuple):
    """The newest state of one symbol. `last` is a traded price; `blocked` says why it can't signal ("halted").

    `seen_from` (market time) is when `running_volume` began to count: a line younger than the minute saw less of it.
    `usd_per_point` = US dollars that a share is worth for each point of its quotes (floors are in USD); None = not
    known, and `no_usd` says why.
    `is_visit`: the line came for a look of some seconds; what it confirms has to be loud by what it has seen by then.
    `visit_pace` is the volume a minute that a visit has seen itself; None = no visit, or too young.
    `volume_60s` is what traded in the last 60 s (shares); None = the line has not streamed for so long. `counted_60s`
    is the same as visits have counted it, with what came between them spread evenly; None = no visit, or not known.
    `spread` = ask - bid in the unit of the quotes, `price_age_s` since the quote came; None = not known.
    `is_first_look`: nobody has judged the symbol of late, so that what it did before was not seen.
    """

    last: float | None
    running_volume: float | None
    running_time: float | None
    average_volume: float | None
    floors: Floors | None  # None = a position or a pin
    blocked: str = ""
    unit_known: bool = True
    seen_from: float = 0.0
    visit_pace: float | None = None
    usd_per_point: float | None = 1.0
    no_usd: str = ""
    spread: float | None = None
    price_age_s: float | None = None
    is_visit: bool = False
    is_first_look: bool = False
    volume_60s: float | None = None
    counted_60s: float | None = None


class Frozen(NamedTuple):
    """The level of a breakout that is being confirmed or runs: it must not move with the bars it makes."""

    level: float
    kind: LevelKind
    atr: float


class Progress(NamedTuple):
    """What the tracker knows: how long beyond the level, and since the last signal (None = none today)."""

    confirmed_s: float = 0.0
    confirmed_bars: int = 0
    since_signal_s: float | None = None
    confirmed: bool = False


class Reading(NamedTuple):
    """The verdict on one symbol and side. `distance_atr` = (last - level) / ATR towards the side.

    `since_look_atr` = (last - price at the first look) / ATR, of a breakout that had happened before that look; None =
    it had not.
    `surge` and `rel_volume` are what is judged, where need be by some seconds; `told_surge` and `told_rel_volume` are
    of 60 counted seconds, for whoever reads them: None = fewer were counted.
    """

    side: Side
    last: float | None
    level: float | None
    level_kind: LevelKind
    atr: float | None
    distance_atr: float | None
    surge: float | None
    rel_volume: float | None
    rel_base: str
    gates: tuple[Gate, ...]
    passed: int
    total: int
    triggers: bool  # every gate but the confirmation
    warm: int
    warm_needed: int
    spread_atr: float | None = None
    price_age_s: float | None = None
    since_look_atr: float | None = None
    told_surge: float | None = None
    told_rel_volume: float | None = None

    @property
    def trigger(self) -> float | None:
        """The level and its buffer; None where one of them is not known."""
        return self.gates[0 if self.level_kind == "range" else 1].limit

    @property
    def beyond(self) -> bool:
        """The price is beyond the level and its buffer."""
        return self.gates[0].passed is True or self.gates[1].passed is True


NO_PROGRESS = Progress()
NO_FLOOR = "floors hold for stocks of the universe only"
CONFIRMATION = "Confirmed"
LIVE_PRICE = "Live price"
SILENT = "line silent"  # its prices stand still: they are judged by no rule
COOL_DOWN = "Cool-down"
SURGE = "Volume surge"
VOLUME_GATES = frozenset({SURGE, REL_VOLUME})


class Common(NamedTuple):
    """What both sides share: volumes, floors, whether the price may signal, warm-up."""

    surge: float | None
    rel_volume: float | None
    rel_base: str
    volume_gates: tuple[Gate, Gate]
    other_gates: tuple[Gate, ...]
    passed: int
    told_surge: float | None = None
    told_rel_volume: float | None = None


def read_common(facts: Facts, live: Live, params: BreakoutParams, now_market: float) -> Common:
    """The half of the judgement that does not depend on the side."""
    running_minute = now_market - now_market % 60.0
    volume, of_minute, how = VolumeNow(None, running_minute)
    counted: float | None = None
    if live.unit_known and live.blocked not in STANDING:
        seen = _seen(live)
        volume, of_minute, how = volume_now(facts, seen, now_market)
        counted = seen.known_60s
    surge = ratio(volume, facts.sma_volume)
    rel, base = relative(facts, volume, of_minute)
    note = "" if live.unit_known else "unit unknown"
    volumes = (
        _at_least(SURGE, surge, params.volume_surge, note or _why_no_surge(facts, volume, live) or how),
        _at_least(REL_VOLUME, rel, params.rel_volume, note or base),
    )
    others = (
        *_floor_gates(live),
        Gate(LIVE_PRICE, None, None, live.last is not None and not live.blocked, live.blocked),
        Gate("Warm-up", float(facts.warm), float(facts.warm_needed), facts.warm >= facts.warm_needed),
    )
    passed = [gate.passed for gate in (*volumes, *others)].count(True)
    told_rel, _ = relative(facts, counted, running_minute)
    return Common(surge, rel, base, volumes, others, passed, ratio(counted, facts.sma_volume), told_rel)


def is_proven(facts: Facts, live: Live, params: BreakoutParams, now_market: float) -> bool:
    """Whether the last 60 s are known to be as loud as the rules want: so a streaming line would have judged."""
    volume = _seen(live).known_60s if live.unit_known else None
    return _is_loud(facts, VolumeNow(volume, now_market - now_market % 60.0), params)


def is_steady(facts: Facts, live: Live, params: BreakoutParams, now_market: float) -> bool:
    """Whether a visit, which began a breakout by a pace of seconds, has seen enough volume by now."""
    return live.unit_known and _is_loud(facts, steady_volume(facts, _seen(live), now_market), params)


def was_loud(facts: Facts, volume: float, minute: float, params: BreakoutParams) -> bool:
    """Whether a closed minute traded what the rules want, so that a breakout may have begun in it; unknown counts."""
    return volume != volume or _is_loud(facts, VolumeNow(volume, minute), params)


def _is_loud(facts: Facts, now: VolumeNow, params: BreakoutParams) -> bool:
    surge, (rel, _) = ratio(now.volume, facts.sma_volume), relative(facts, now.volume, now.minute)
    return (surge or 0.0) >= params.volume_surge and (rel or 0.0) >= params.rel_volume


def _seen(live: Live) -> Seen:
    return Seen(
        live.running_volume,
        live.running_time,
        live.seen_from,
        live.visit_pace,
        live.is_visit,
        live.volume_60s,
        live.counted_60s,
    )


def read(
    side: Side,
    facts: Facts,
    live: Live,
    params: BreakoutParams,
    now_market: float,
    progress: Progress = NO_PROGRESS,
    frozen: Frozen | None = None,
    common: Common | None = None,
) -> Reading:
    """Judge one symbol and side at `now_market`; `common` when the other side was read in the same moment."""
    shared = common if common is not None else read_common(facts, live, params, now_market)
    sign = 1.0 if side == "long" else -1.0
    atr = frozen.atr if frozen is not None else facts.atr
    level_gates, level, kind = _levels(sign, facts, live.last, atr, params, now_market, frozen)
    beyond = level_gates[0].passed is True or level_gates[1].passed is True
    trend, cool_down = _trend(sign, facts, live.last, params), _cool_down(params, progress)
    confirmation = _confirmation(params, progress, beyond)
    gates = (*level_gates, *shared.volume_gates, trend, *shared.other_gates, cool_down, confirmation)
    # The two levels are alternatives: one gate in the count.
    total = len(gates) - 1
    before = shared.passed + beyond + (trend.passed is True) + (cool_down.passed is True)
    return Reading(
        side,
        live.last,
        level,
        kind,
        atr,
        _distance(sign, live.last, level, atr),
        shared.surge,
        shared.rel_volume,
        shared.rel_base,
        gates,
        before + (confirmation.passed is True),
        total,
        before == total - 1,
        facts.warm,
        facts.warm_needed,
        live.spread / atr if live.spread is not None and atr else None,
        live.price_age_s,
        told_surge=shared.told_surge,
        told_rel_volume=shared.told_rel_volume,
    )


def score(reading: Reading, params: BreakoutParams, confirmed: bool) -> tuple[float, tuple[ScorePart, ...]]:
    """Score 0-1 and its parts (SIGNALS): from 0.5 when confirmed, below it by the share of passed gates otherwise."""
    if not confirmed:
        value = share_of_gates(reading.passed, reading.total)
        return value, (ScorePart("gates", round(value, 4), 0.5),)
    distance, before_look = reading.distance_atr, reading.since_look_atr is not None
    if reading.since_look_atr is not None and distance is not None:
        distance = min(distance, reading.since_look_atr)
    inputs = Inputs(distance, reading.rel_volume, reading.surge, reading.spread_atr, reading.price_age_s, before_look)
    return breakout_parts(inputs, params)


def is_beyond(side: Side, last: float | None, frozen: Frozen, params: BreakoutParams) -> bool:
    """Whether the price is beyond a frozen level and its buffer."""
    if last is None:
        return False
    edge = params.buffer_atr * frozen.atr
    return last > frozen.level + edge if side == "long" else last < frozen.level - edge


def is_inside(side: Side, last: float, level: float) -> bool:
    """Whether the price is back at the level or behind it."""
    return last <= level if side == "long" else last >= level


def _levels(
    sign: float,
    facts: Facts,
    last: float | None,
    atr: float | None,
    params: BreakoutParams,
    now: float,
    frozen: Frozen | None,
) -> tuple[tuple[Gate, Gate], float | None, LevelKind]:
    """Both level gates, and the level to measure from: the farther of those broken, else the nearer one."""
    range_level, opening_level, detail = _range_level(sign, facts), _opening_level(sign, facts, last, now), ""
    if frozen is not None:
        range_level = frozen.level if frozen.kind == "range" else None
        opening_level = frozen.level if frozen.kind == "opening range" else None
        detail = "judged by the opening range that broke"
    elif range_level is None:
        few = f"{facts.session_bars} of {params.bars_n} bars of this session"
        detail = "too few of the minutes were seen" if facts.is_thin else few
    name = "Price above level" if sign > 0 else "Price below level"
    first = _beyond_gate(name, sign, last, range_level, atr, params, detail)
    second = _beyond_gate("Opening range", sign, last, opening_level, atr, params, _opening_detail(facts, now, frozen))
    level, kind = _level_to_measure(sign, range_level, opening_level, first.passed is True, second.passed is True)
    return (first, second), level, kind


def _level_to_measure(
    sign: float, range_level: float | None, opening: float | None, range_broken: bool, opening_broken: bool
) -> tuple[float | None, LevelKind]:
    """Of both levels the farther one of those broken, else the nearer one."""
    if opening is None:
        return range_level, "range"
    if range_level is None:
        return opening, "opening range"
    if range_broken != opening_broken:
        return (range_level, "range") if range_broken else (opening, "opening range")
    opening_farther = sign * (opening - range_level) > 0
    return (opening, "opening range") if opening_farther == range_broken else (range_level, "range")


def _range_level(sign: float, facts: Facts) -> float | None:
    if facts.is_thin:
        return None
    return facts.range_high if sign > 0 else facts.range_low


def _opening_level(sign: float, facts: Facts, last: float | None, now: float) -> float | None:
    """The opening range, once complete, for the first two hours (longer while there are too few bars for a range)."""
    opening = facts.opening
    if opening is None or now < opening.complete_at:
        return None
    if now >= facts.opening_until and _range_level(sign, facts) is not None:
        return None
    edge = opening.high if sign > 0 else opening.low
    fresh = facts.opening_fresh_long if sign > 0 else facts.opening_fresh_short
    if last is not None and sign * (last - edge) > 0 and not fresh:
        return None  # left behind long ago: no breakout of today's opening any more
    return edge


def _opening_detail(facts: Facts, now: float, frozen: Frozen | None) -> str:
    if frozen is not None:
        return "judged by the range that broke"
    if facts.opening is None:
        return "no opening range"
    if now < facts.opening.complete_at:
        return "not complete yet"
    return "only in the first 2 h" if now >= facts.opening_until else "left earlier"


def _beyond_gate(
    name: str,
    sign: float,
    last: float | None,
    level: float | None,
    atr: float | None,
    params: BreakoutParams,
    detail: str,
) -> Gate:
    if level is None or atr is None:
        return Gate(name, last, None, None, detail or "ATR not known yet")
    limit = level + sign * params.buffer_atr * atr
    if last is None:
        return Gate(name, None, limit, None, "no price")
    return Gate(name, last, limit, sign * (last - limit) > 0)


def _at_least(name: str, value: float | None, limit: float, detail: str) -> Gate:
    return Gate(name, value, limit, None if value is None else value >= limit, detail)


def _why_no_surge(facts: Facts, volume: float | None, live: Live) -> str:
    if live.blocked in STANDING:
        return "no minute runs: the price is frozen"
    if facts.sma_volume is None:
        return f"{min(facts.session_bars, 20)} of 12 bars with volume" if facts.session_bars < 12 else "volume unknown"
    return "no volume yet in this minute" if volume is None else ""


@lru_cache(maxsize=16)
def _trend_name(sign: float, fast: int, slow: int) -> str:
    return f"Trend EMA {fast} {'>' if sign > 0 else '<'} {slow}"


def _trend(sign: float, facts: Facts, last: float | None, params: BreakoutParams) -> Gate:
    """EMA fast above slow, the running price included."""
    name = _trend_name(sign, params.ema_fast, params.ema_slow)
    gap = trend_gap(facts, last, params)
    if gap is None:
        return Gate(name, None, 0.0, None, "no bars yet")
    return Gate(name, gap, 0.0, sign * gap > 0)


def trend_gap(facts: Facts, last: float | None, params: BreakoutParams) -> float | None:
    """EMA fast minus slow, the running price included; None = no bars yet."""
    if facts.ema_fast is None or facts.ema_slow is None or last is None:
        return None
    fast = facts.ema_fast + 2.0 / (params.ema_fast + 1.0) * (last - facts.ema_fast)
    slow = facts.ema_slow + 2.0 / (params.ema_slow + 1.0) * (last - facts.ema_slow)
    return fast - slow


def _floor_gates(live: Live) -> tuple[Gate, Gate, Gate]:
    last, average = live.last, live.average_volume
    floors = live.floors
    if floors is None:  # a position, a pin, another type: money of theirs would be compared with nothing
        return (
            Gate("Price floor", None, None, True, NO_FLOOR),
            Gate("Average volume", average, None, True, NO_FLOOR),
            Gate("Dollar volume", None, None, True, NO_FLOOR),
        )
    usd = last * live.usd_per_point if last is not None and live.usd_per_point is not None else None
    money = average * usd if average is not None and usd is not None else None
    unknown = "not known yet" if live.unit_known else "unit unknown"
    no_money = live.no_usd if last is not None and live.usd_per_point is None else ""
    known = "" if live.usd_per_point in (None, 1.0) else "in USD by the account's exchange rate"
    return (
        _floor_gate("Price floor", usd, floors.price_usd, no_money or unknown, known),
        _floor_gate("Average volume", average, floors.average_volume, unknown),
        _floor_gate("Dollar volume", money, floors.average_usd_volume, no_money or unknown, known),
    )


def _floor_gate(name: str, value: float | None, limit: float, unknown: str, known: str = "") -> Gate:
    if value is None:
        return Gate(name, None, limit, True if limit <= 0 else None, unknown)
    return Gate(name, value, limit, limit <= 0 or value >= limit, known)


def _cool_down(params: BreakoutParams, progress: Progress) -> Gate:
    since = progress.since_signal_s
    if since is None or progress.confirmed:
        return Gate(COOL_DOWN, None, params.cool_down_min, True, "no signal before" if since is None else "signal runs")
    return Gate(COOL_DOWN, since / 60.0, params.cool_down_min, since >= params.cool_down_min * 60.0)


def _confirmation(params: BreakoutParams, progress: Progress, beyond: bool) -> Gate:
    if params.confirm_bars > 0:
        done = progress.confirmed or (beyond and progress.confirmed_bars >= params.confirm_bars)
        return Gate(CONFIRMATION, float(progress.confirmed_bars), float(params.confirm_bars), done, "bars")
    done = progress.confirmed or (beyond and progress.confirmed_s >= params.confirm_s)
    return Gate(CONFIRMATION, progress.confirmed_s, params.confirm_s, done, "s")


def _distance(sign: float, last: float | None, level: float | None, atr: float | None) -> float | None:
    if last is None or level is None or not atr:
        return None
    return sign * (last - level) / atr
