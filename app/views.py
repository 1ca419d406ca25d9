"""Which page shows which parts of the state: one `PageView` a page, found by the path of the poll.

To add a page:
1. `app/ids.py`: a class with its ids.
2. `app/rows/<page>.py`: `<page>_parts(s: Snapshots) -> View`, pure functions from sections to parts (values already
   rounded for display; see `app/feed.py` for the merge rules of part names, `app/rows/states.py` for the five states).
3. Here: a `PageView(name, pattern, sections, build)` in `PAGES`; the strip is added to each by `page`.
4. `app/pages/<page>.py`: `register_page` + `layout(**_)` out of `app/components/` (cards, tables, grids, bound texts).
   Elements name what they show by `components.bind` ("part.key"); the browser fills them, no callback needed.
5. Only if the page takes input: `app/callbacks/<page>.py` with `register(app, deps)`, called in `app/factory.py`.
Server-built figures go to `app/figures/`; what the browser does with a part of its own goes to
`assets/pages/<page>.mjs` through `onPart(name, function)` of `assets/core/model.mjs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.rows.alerts import alerts_parts
from app.rows.answers import answers_part
from app.rows.charts import asked_charts, charts_parts
from app.rows.find_page import home_parts, name_parts
from app.rows.health import health_parts
from app.rows.journal import journal_parts
from app.rows.lab import lab_parts
from app.rows.lines import lines_parts
from app.rows.market_strip import market_part
from app.rows.overview import overview_parts
from app.rows.positions import positions_parts
from app.rows.scanners import scanners_parts
from app.rows.settings import settings_parts
from app.rows.strip import strip_parts
from app.rows.symbol import is_unknown, symbol_parts
from app.rows.watchlists import ON_DEMAND as WATCHLISTS
from app.rows.watchlists import lists_parts
from app.snapshots import Snapshots
from engine.state.engine_sections import FLEET

View = dict[str, dict[str, Any]]
Params = dict[str, str]

STRIP_SECTIONS = ("broker", "positions", "lines", "health", "alerts", FLEET)


@dataclass(frozen=True)
class PageView:
    """What one page shows.

    Attributes:
        name: key of the page, also the prefix of its ids.
        pattern: regular expression that the whole path must match; named groups become `params`.
        sections: names of the sections that the view is built from, given the params.
        build: snapshots and params -> view.
        on_poll: called at each poll with the params, e.g. to keep a symbol open; must not block.
        on_demand: parts that are sent only while the browser has them in sight (`app/feed.py`).
        at_first: those of them that are in sight when the page is opened.
    """

    name: str
    pattern: re.Pattern[str]
    sections: Callable[[Params], tuple[str, ...]]
    build: Callable[[Snapshots, Params], View]
    on_poll: Callable[[Params], None] | None = None
    on_demand: frozenset[str] = frozenset()
    at_first: frozenset[str] = frozenset()

    def wanted(self, sight: str | None) -> frozenset[str]:
        """The parts on demand of "<page> <part> <part>"; what is of another page or unknown counts for nothing."""
        name, *parts = (sight.split() if isinstance(sight, str) else []) or [""]
        return self.on_demand.intersection(parts) if name == self.name else self.at_first

    def mark(self, params: Params) -> str:
        """What the page's own elements are marked with (`data-qt-page`): an answer is shown on the page it is of."""
        return f"{self.name}:{params['con_id']}" if "con_id" in params else self.name

    def key(self, params: Params) -> str:
        """One history of views per page and parameters."""
        return ":".join([self.name, *params.values()])


def page(
    name: str, pattern: str, sections: tuple[str, ...], parts: Callable[[Snapshots], View] | None = None
) -> PageView:
    """A page without parameters: its parts and the strip's."""
    names = tuple(dict.fromkeys((*STRIP_SECTIONS, *sections)))

    def build(s: Snapshots, _params: Params) -> View:
        return {**strip_parts(s), **(parts(s) if parts else {})}

    return PageView(name, re.compile(pattern), lambda _params: names, build)


def _symbol_sections(params: Params) -> tuple[str, ...]:
    shown = f"symbol:{params['con_id']}"
    return (*STRIP_SECTIONS, shown, "universe", "scanners", "answers", "settings", "watchlists")


def _symbol(s: Snapshots, params: Params) -> View:
    con_id = int(params["con_id"])
    view = {**strip_parts(s), **symbol_parts(s, con_id), "answers": answers_part(s.answers)}
    return {**view, **name_parts(s, params["con_id"])} if is_unknown(s, con_id) else view


def _name(s: Snapshots, params: Params) -> View:
    return {**strip_parts(s), **name_parts(s, params["name"])}


_NAME_SECTIONS = (*STRIP_SECTIONS, "universe", "quotes", "answers")
SYMBOL = PageView("symbol", re.compile(r"/symbol/(?P<con_id>[1-9]\d{0,9})"), _symbol_sections, _symbol)
SYMBOL_NAME = PageView(
    "symbol-name", re.compile(r"/symbol/(?:name/)?(?P<name>.+)", re.DOTALL), lambda _params: _NAME_SECTIONS, _name
)


def _charts_sections(params: Params) -> tuple[str, ...]:
    shown = (f"symbol:{con_id}" for con_id in asked_charts(params["query"]).con_ids)
    return (*STRIP_SECTIONS, *shown, "universe", "quotes", "watchlists", "answers")


def _charts(s: Snapshots, params: Params) -> View:
    parts = {"market": market_part(s), "answers": answers_part(s.answers)}
    return {**strip_parts(s), **parts, **charts_parts(s, params["query"])}


CHARTS = PageView("charts", re.compile(r"/charts(?:\?(?P<query>.*))?", re.DOTALL), _charts_sections, _charts)

# The tabs of the Scanners page (`assets/pages/scanners.mjs` says which is in sight), the first one's at first.
SCANNERS_AT_FIRST = frozenset({"chips", "grid:results", "rows:moves", "heatcuts"})
SCANNERS_ON_DEMAND = SCANNERS_AT_FIRST | frozenset(
    {
        *("heatwide", "heattime", "map", "whys"),
        *("sets", "log", "preview", "hist"),
        *("rows:scores_today", "rows:scores_days", "rows:shadow", "rows:audit", "scores"),
        *("customs", "scanparams"),
        *("rows:sectors_industry", "rows:sectors_category", "rows:sectors_subcategory"),
    }
)

PAGES: tuple[PageView, ...] = (
    replace(
        page("overview", r"/", ("scanners", "signals", "pnl", "quotes", "incidents", "watchlists"), overview_parts),
        on_demand=WATCHLISTS,
    ),
    page("positions", r"/positions", ("holdings",), positions_parts),
    page("lines", r"/lines", ("line_events", "coverage", "answers"), lines_parts),
    replace(
        page(
            "scanners",
            r"/scanners",
            (
                *("scanners", "quotes", "settings", "answers", "scores", "scan_parameters", "preview"),
                *("signals", "sectors", "holdings", "universe"),
            ),
            scanners_parts,
        ),
        on_demand=SCANNERS_ON_DEMAND,
        at_first=SCANNERS_AT_FIRST,
    ),
    CHARTS,
    replace(
        page("lists", r"/lists", ("watchlists", "scanners", "quotes", "universe", "answers"), lists_parts),
        on_demand=WATCHLISTS,
    ),
    page("symbol-home", r"/symbol", ("scanners",), home_parts),
    SYMBOL,
    SYMBOL_NAME,
    page("alerts", r"/alerts", ("universe", "settings", "answers"), alerts_parts),
    page("health", r"/health", ("heartbeat", "incidents"), health_parts),
    page("journal", r"/journal", ("answers",), journal_parts),
    page("lab", r"/lab", ("lab_source", "lab", "lab_result", "settings", "answers"), lab_parts),
    page("settings", r"/settings", ("settings", "answers"), settings_parts),
)
OTHER = page("other", r".*", ())
PATH_MAX = 200


def find_page(pages: tuple[PageView, ...], path: str | None) -> tuple[PageView, Params]:
    """The page of a path and its parameters; an unknown path shows the strip alone.

    The symbol of a path: a number that is a con_id is that contract; any other text is a name, slashes and all
    (`/symbol/BRK/B`), and so is what follows `/symbol/name/` (`/symbol/name/4391`: Tokyo's share, 4391 being AMD's
    con_id).
    """
    text = path if isinstance(path, str) else "/"
    if len(text) > PATH_MAX:
        return OTHER, {}
    text = text.rstrip("/") or "/"
    for candidate in pages:
        match = candidate.pattern.fullmatch(text)
        if match:
            return candidate, {k: v or "" for k, v in match.groupdict().items()}
    return OTHER, {}
