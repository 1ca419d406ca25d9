"""A price at a level: told when it comes from the other side, and again only after it was clear of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from engine.alerts.facts import Price


class Arm(Struct, frozen=True):
    """Where the price was last, seen from the level.

    `side`: -1 below, 1 above, 0 = not seen yet. `is_armed`: it was clear of the level, so that reaching it counts.
    `has_crossed`: it reached the level, and has not been clear of it since; `was_away`: before QTrade's first look.
    """

    side: int = 0
    is_armed: bool = False
    has_crossed: bool = False
    was_away: bool = False


UNSEEN = Arm()


def looked_at(price: Price, often: str) -> Price | None:
    """What counts of the price: with `often` "close" that at the end of a minute alone. None = nothing does yet."""
    if often != "close":
        return price
    return None if price.minute is None else price._replace(last=price.minute, low=price.minute, high=price.minute)


def watched(arm: Arm, side: str, level: float, price: Price, *, was_away: bool = False) -> Arm:
    """The arm after one look at what counts of the price. A gap through the level counts as reaching it.

    `side` is "reaches", "up" or "down". `was_away`: it is the first look since QTrade was started, so that what has
    been reached was reached before.
    """
    wanted = {"up": -1, "down": 1}.get(side, 0)
    if arm.is_armed and _reached(arm.side, level, price):
        return Arm(_side(price.last, level) or arm.side, is_armed=False, has_crossed=True, was_away=was_away)
    if arm.is_armed:
        return arm
    return _armed_again(arm, wanted, level, price)


def _armed_again(arm: Arm, wanted: int, level: float, price: Price) -> Arm:
    """It is clear of the level by `margin`; the first look at a new rule arms on any distance.

    "reaches" takes the side that it finds, the others wait for theirs.
    """
    clear = 0.0 if arm.side == 0 else price.margin
    now = _side(price.last, level)
    if now == 0:
        return arm
    if abs(price.last - level) >= clear and (wanted == 0 or now == wanted):
        return Arm(now, is_armed=True)
    return replace(arm, side=now)


def _reached(side: int, level: float, price: Price) -> bool:
    return price.high >= level if side < 0 else price.low <= level


def _side(last: float, level: float) -> int:
    return (last > level) - (last < level)


def arm_of(memory: Mapping[str, Any]) -> Arm:
    """As a rule has kept it; anything else is one that has not looked yet."""
    side, turns = memory.get("side"), [memory.get(key, False) for key in ("armed", "crossed", "away")]
    if side not in (-1, 0, 1) or not all(isinstance(each, bool) for each in turns):
        return UNSEEN
    return Arm(side, *turns)


def memory_of(arm: Arm) -> dict[str, Any]:
    return {"side": arm.side, "armed": arm.is_armed, "crossed": arm.has_crossed, "away": arm.was_away}
