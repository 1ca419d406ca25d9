"""Made-up headlines, the same for a contract each day. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model import Instrument
from simulator.world.noise import fold

PROVIDERS = (
    ("BRFG", "Briefing.com General Market Columns"),
    ("DJNL", "Dow Jones Newsletters"),
    ("FLY", "Fly on the Wall"),
)
DAY_S = 86_400.0
A_DAY = 4
DAYS = 7
# Some carry the notes in braces that services put before a headline, and signs that a page must not take for its own.
_WORDS = (
    "{{A:800015:L:en:K:0.91:C:0.96}}{name} opens a second plant",
    "{{A:800008:L:en:K:n/a:C:0.55}}Analyst raises target for {symbol} <b>& peers</b>",
    "{name} to present at an industry conference",
    "Options volume in {symbol} above its average",
    "{{A:800015:L:en}}{name} names a new head of finance",
    "{symbol}: <script>alert(1)</script> in the headline is text",
)


@dataclass(frozen=True, slots=True)
class Headline:
    """`time` market epoch seconds."""

    time: float
    provider: str
    article_id: str
    text: str


def headlines(it: Instrument, providers: frozenset[str], since: float, until: float, most: int) -> list[Headline]:
    """Of these providers within (since, until], the newest first, and one more than `most` if there is one."""
    found: list[Headline] = []
    day = int(until // DAY_S)
    for back in range(DAYS):
        for number in reversed(range(A_DAY)):
            roll = fold(day - back, it.con_id, number)
            at = (day - back) * DAY_S + number * DAY_S / A_DAY + roll % 18_000
            code = PROVIDERS[roll // 7 % len(PROVIDERS)][0]
            if since < at <= until and code in providers:
                text = _WORDS[roll // 31 % len(_WORDS)].format(name=it.long_name, symbol=it.symbol)
                found.append(Headline(at, code, f"{code}${roll % 0xFFFFFF:06x}", text))
    return sorted(found, key=lambda one: -one.time)[: most + 1]
