"""Every id that a layout and a callback share: text "<page>-<thing>", a class per page. Nothing else lives here."""

from __future__ import annotations

from typing import Final

from engine.domain import REL_VOLUME as REL_VOLUME


class Shell:
    """Ids of the frame that every page sits in."""

    ACCOUNT_ASK: Final = "shell-account-ask"  # written by the browser: the account to show
    ACCOUNT_REPLY: Final = "shell-account-reply"
    ACCOUNT_DONE: Final = "shell-account-done"
    FIND: Final = "shell-find"
    FIND_LIST: Final = "shell-find-list"


class Overview:
    PNL: Final = "overview-pnl"
    PNL_RANGE: Final = "overview-pnl-range"
    PNL_HOURS: Final = "overview-pnl-hours"
    PNL_REBASE: Final = "overview-pnl-rebase"  # written by the browser when the drawn tail has grown long
    POSITIONS: Final = "overview-positions"
    WATCH: Final = "overview-watch"


class Charts:
    ASK: Final = "charts-ask"  # written by the browser: whose bars it wants
    BASES: Final = "charts-bases"
    DONE: Final = "charts-done"
    ADD: Final = "charts-add"  # the box for one symbol more
    REQUEST: Final = "charts-request"  # written by the browser: a name that is looked up
    REPLY: Final = "charts-reply"
    REPLIED: Final = "charts-replied"


class Lists:
    REQUEST: Final = "lists-request"  # written by the browser: what a control asks for
    REPLY: Final = "lists-reply"
    DONE: Final = "lists-done"
    ADD: Final = "lists-add"  # the box for one symbol


class Positions:
    GRID: Final = "positions-grid"


class Lines:
    GRID: Final = "lines-grid"
    SHOW: Final = "lines-show"
    RANGE: Final = "lines-range"
    DAY_ASK: Final = "lines-day-ask"  # written by the browser: the day's time line again
    DAY: Final = "lines-day"
    REQUEST: Final = "lines-request"  # written by the browser: what a control asks for
    REPLY: Final = "lines-reply"
    DONE: Final = "lines-done"
    WHAT_IF: Final = "lines-what-if"
    WHAT_IF_AS: Final = "lines-what-if-as"
    WHY: Final = "lines-why"
    TOLD_ASK: Final = "lines-told-ask"  # written by the browser: the con_id of a symbol of the universe
    TOLD: Final = "lines-told"


class Symbol:
    CON: Final = "symbol-con"  # con_id of the page, None while it is a name
    CHART: Final = "symbol-chart"
    TIMEFRAME: Final = "symbol-timeframe"
    LAYERS: Final = "symbol-layers"
    BASE: Final = "symbol-base"  # bars of the chart as columns
    REBASE: Final = "symbol-rebase"  # written by the browser when the base has to be sent again
    SIDE: Final = "symbol-side"
    WHY: Final = "symbol-why"
    PIN: Final = "symbol-pin"
    SAID: Final = "symbol-said"
    REQUEST: Final = "symbol-request"  # written by the browser: what a card asks for
    REPLY: Final = "symbol-reply"
    DONE: Final = "symbol-done"


class Health:
    SHOW: Final = "health-show"
    HAPPENED: Final = "health-happened"
    COPY: Final = "health-copy"
    REPORT: Final = "health-report"
    RECONNECT: Final = "health-reconnect"
    SAID: Final = "health-said"
    LOG_LEVEL: Final = "health-log-level"
    LOG_TEXT: Final = "health-log-text"
    LOG: Final = "health-log"


INCIDENT_DAYS: Final = 7  # columns of Health's black box, one a day
OVERVIEW_COLUMNS: Final = 12  # symbols of the Overview's heatmap
SCAN_COLUMNS: Final = 16  # of the Scanners page's
TIME_ROWS: Final = 18  # of its heatmap by time


class Scanners:
    REQUEST: Final = "scanners-request"  # written by the browser: what a control asks for
    REPLY: Final = "scanners-reply"
    DONE: Final = "scanners-done"
    GRID: Final = "scanners-results"
    SHOW: Final = "scanners-show"
    HEAT_VIEW: Final = "scanners-heat-view"
    SCORE_VIEW: Final = "scanners-score-view"
    SECTOR_VIEW: Final = "scanners-sector-view"


class Lab:
    REQUEST: Final = "lab-request"  # written by the browser: what a control asks for
    REPLY: Final = "lab-reply"
    DONE: Final = "lab-done"
    FOLDER: Final = "lab-folder"
    FRESH: Final = "lab-fresh"  # written by the browser: there is a new result to draw
    MAP_CHOSEN: Final = "lab-map-chosen"
    MAP_JUDGED: Final = "lab-map-judged"
    SPREAD: Final = "lab-spread"
    SIGNALS: Final = "lab-signals"


class Alerts:
    REQUEST: Final = "alerts-request"  # written by the browser: what a control asks for
    REPLY: Final = "alerts-reply"
    DONE: Final = "alerts-done"
    SHOW: Final = "alerts-show"


class Journal:
    REQUEST: Final = "journal-request"  # written by the browser: what a control asks for
    REPLY: Final = "journal-reply"
    DONE: Final = "journal-done"


class Settings:
    REQUEST: Final = "settings-request"  # written by the browser: what a control asks for
    REPLY: Final = "settings-reply"
    DONE: Final = "settings-done"
