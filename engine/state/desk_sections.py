"""What is published of what is held beside its money, and of the sectors of the universe."""

from __future__ import annotations

from msgspec import Struct

from engine.state.sections import Section


class IndexBeta(Struct, frozen=True):
    """Beta to an index over `days` daily returns. `value` None = too few of them; 1 and no days = it is the index."""

    index: str
    value: float | None
    days: int


class HoldingFacts(Struct, frozen=True):
    """One contract that is held. `root` = what it stands on ("NQ", "AAPL"), `family` tells roots of one name apart.

    `delta` and `under_price` of an option as the feed gives them, None = it does not. `trade_left` and `notice_left` =
    trading days after today; `notice` as in `engine.portfolio.last_days`, "" = it does not expire.
    """

    con_id: int
    root: str
    family: str
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    betas: tuple[IndexBeta, ...] = ()
    delta: float | None = None
    under_price: float | None = None
    last_trade: str = ""
    trade_left: int | None = None
    notice: str = ""
    notice_day: str = ""
    notice_left: int | None = None
    by_weekdays: bool = False  # counted so: the exchange's calendar is not known here


class IndexFacts(Struct, frozen=True):
    """An index of the what-if and what stands for it; `days` = daily bars known of that."""

    name: str
    proxy: str
    days: int


class HoldingsSection(Section, frozen=True, kw_only=True):
    """What the risk of what is held is worked out from, beside `PositionsSection`."""

    holdings: tuple[HoldingFacts, ...]
    indexes: tuple[IndexFacts, ...]
    window_days: int
    least_days: int


class SectorsSection(Section, frozen=True, kw_only=True):
    """IB's sectors of stocks. `sectors` = (industry, category, subcategory), `of` = (con_id, its place in them).

    `waiting` = symbols whose details have not been asked for yet; they are, one each few seconds.
    """

    sectors: tuple[tuple[str, str, str], ...]
    of: tuple[tuple[int, int], ...]
    waiting: int


DESK_SECTIONS: dict[str, type[Section]] = {"holdings": HoldingsSection, "sectors": SectorsSection}
