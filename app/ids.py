"""Every id that a layout and a callback share: text "<page>-<thing>", a class per page. Nothing else lives here."""

from __future__ import annotations

from typing import Final


class Shell:
    """Ids of the frame that every page sits in."""

    URL: Final = "shell-url"
    POLL: Final = "shell-poll"
    KICK: Final = "shell-kick"  # written by the browser to ask for one poll at once
    DELTA: Final = "shell-delta"
    CURSOR: Final = "shell-cursor"
    APPLIED: Final = "shell-applied"
    FIND: Final = "shell-find"
    FIND_LIST: Final = "shell-find-list"


class Overview:
    PNL: Final = "overview-pnl"
    PNL_RANGE: Final = "overview-pnl-range"
    PNL_REBASE: Final = "overview-pnl-rebase"  # written by the browser when the drawn tail has grown long
    POSITIONS: Final = "overview-positions"


class Positions:
    GRID: Final = "positions-grid"
    TREEMAP: Final = "positions-treemap"
    TREEMAP_DATA: Final = "positions-treemap-data"  # written by the browser when a tile has changed


class Lines:
    GRID: Final = "lines-grid"
    SHOW: Final = "lines-show"
