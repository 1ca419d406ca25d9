/** What Python and the browser spell alike. Written by `python -m app.wire`; change it there. */

/** The poll's route. */
export const FEED_PATH = "/feed";

/** Tables are made into files there. */
export const EXPORT_PATH = "/export";

/** The Journal page asks there. */
export const JOURNAL_PATH = "/journal/data";

/** A chart asks there for the trips in its contract. */
export const MARKS_PATH = "/journal/marks";

/** The Positions page asks there what each position made. */
export const CURVES_PATH = "/journal/curves";

/** Which engine this browser looks at. */
export const ENGINE_COOKIE = "qtrade-engine";

/** The poll says by it which build has made the page. */
export const BUILD_HEADER = "X-QT-Page-Build";

/** Statements: imports, what was read, for which days; a file is sent there. */
export const STATEMENTS_PATH = "/api/v1/journal/statements";

/** Where one logs in. */
export const LOGIN_PATH = "/login";

/** The page of the data folder that logs in on this computer. */
export const LINK_FILE = "open-qtrade.html";

/** The log: lines of its files; `/export` behind it makes a file of them. */
export const LOG_PATH = "/api/v1/log";

/** What a look at this computer found; a POST looks again. */
export const CHECKS_PATH = "/api/v1/checks";

/** Each request says by it in which zone times are told. */
export const ZONE_COOKIE = "qtrade-zone";

/** An engine silent for longer is late, seconds. */
export const LATE_S = 6.0;

/** An engine silent for longer counts as dead, seconds. */
export const DEAD_S = 15.0;

/** A price that came before that claims no more to be live, seconds. */
export const LIVE_S = 60.0;

/** Younger prices carry no age: it would be news in each poll, seconds. */
export const FRESH_S = 4.0;

/** The one name of the volume of the last 60 s against the usual one. */
export const REL_VOLUME = "Rel. vol. 1 min";

/** Classes of market-data lines in words. @type {Record<string, string>} */
export const LINE_CLASSES = {"100": "Position", "pinned": "Pinned", "50": "Top", "25": "Normal", "coverage": "Coverage"};
