/**
 * The Journal page: what is chosen stands in the address, one question to the server answers it (app/journal_route.py), and
 * is asked again each ten seconds; 304 while nothing has changed. A part that is not in sight is not asked for.
 */
import { askEngine } from "../core/ask.mjs";
import { goQuery, onAddress, onQuery, path, query } from "../core/address.mjs";
import { drawCards } from "../core/cards.mjs";
import { now } from "../core/clock.mjs";
import { maybe } from "../core/dom.mjs";
import { every, onWatched } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onApplied, onNodes } from "../core/model.mjs";
import { reloadNeeded } from "../core/reload.mjs";
import { onTab } from "../core/tabs.mjs";
import { toast } from "../core/toast.mjs";
import { BUILD_HEADER, JOURNAL_PATH } from "../core/wire.mjs";
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { detail, month, year } from "./journal-calendar.mjs";
import { equity } from "./journal-equity.mjs";
import { cash, options } from "./journal-bookings.mjs";
import { changes, executions, figures, group, signals, worth } from "./journal-lists.mjs";
import { noteForm, tagsOf } from "./journal-notes.mjs";
import { chosenOf, countOf, dayText, wordsOf } from "./journal-query.mjs";
import { onSorted } from "./journal-table.mjs";
import { trades } from "./journal-trades.mjs";

const AGAIN_MS = 10000, TIMEOUT_MS = 20000, READING_MS = 1000;

/** What the server said of each view, by the question. @type {Map<string, {tag: string, data: any}>} */
const answers = new Map();
let view = "";
/** @type {AbortController | null} */
let under = null;
let failing = 0;      // since when the server does not answer, wall time; 0 = it does
/** States of this page's cards: they are ours, not the feed's. @type {Record<string, any>} */
let states = {};

const isHere = () => path() === "/journal" && maybe(document, ".qt-journal") !== null;
/** @param {string} name */
const place = (name) => maybe(document, `[data-journal="${name}"]`);
const request = () => maybe(document, ".qt-journal")?.dataset.request ?? "";
const chosen = () => chosenOf(query());

function question() {
  const words = wordsOf(chosen());
  words.set("view", view);
  return String(words);
}

/** @param {Record<string, string>} changed */
function choose(changed) {
  goQuery(wordsOf(chosen(), changed));
}

/* ---- the question ---- */
async function ask() {
  if (!view || !isHere() || document.hidden) {
    return;
  }
  under?.abort();
  const stop = new AbortController(), asked = question(), known = answers.get(asked);
  const timer = window.setTimeout(() => stop.abort(), TIMEOUT_MS);
  under = stop;
  try {
    const headers = { [BUILD_HEADER]: document.getElementById("shell-root")?.dataset.build ?? "", ...(known ? { "If-None-Match": known.tag } : {}) };
    const response = await fetch(`${JOURNAL_PATH}?${asked}`, { signal: stop.signal, cache: "no-store", headers });
    if (under === stop) {
      await take(response, asked);
    }
  } catch {
    if (under === stop) {
      failing = failing || now();
    }
  } finally {
    window.clearTimeout(timer);
    if (under === stop) {
      under = null;
      draw();
    }
  }
}

/** @param {Response} response @param {string} asked */
async function take(response, asked) {
  if (response.status === 409) {
    reloadNeeded("This page is from another build.");
    return;
  }
  if (response.status === 304) {
    failing = 0;
    return;
  }
  const body = await response.json();
  if (response.status === 400) {
    answers.set(asked, { tag: "", data: { refused: body.error } });
    failing = 0;
    return;
  }
  failing = response.ok ? 0 : failing || now();
  if (response.ok) {
    if (body.reading) {
      window.setTimeout(() => { void ask(); }, READING_MS);
    }
    answers.delete(asked);
    answers.set(asked, { tag: response.headers.get("ETag") ?? "", data: body });
    for (const old of [...answers.keys()].slice(0, Math.max(0, answers.size - 24))) {
      answers.delete(old);
    }
  }
}

/* ---- drawing ---- */
const LIVE = { s: "live", word: "current" };

/** @param {string} title @param {string} text */
const empty = (title, text) => ({ s: "empty", title, text });

/** @param {any} data @returns {Record<string, any>} the cards' states by name */
function statesOf(data) {
  if (data === undefined) {
    return failing ? { all: { s: "error", title: "No answer", text: "The server does not answer; it is asked again." } } : {};
  }
  if (data.refused) {
    return { all: { s: "error", title: "This choice can't be read", text: data.refused } };
  }
  if (data.problem) {
    return { all: { s: "error", title: "The journal can't be read", text: data.problem } };
  }
  if (data.reading) {
    return { all: { s: "loading", text: data.reading } };
  }
  const live = failing ? { s: "stale", since: failing, text: "The server does not answer. Last values." } : LIVE;
  return { all: data.empty ? empty(data.empty[0], data.empty[1]) : live };
}

/** Put them where the cards look; a whole view of the feed has swept them away. */
function putStates() {
  if (!isHere()) {
    return;
  }
  model.state = model.state ?? {};
  for (const card of document.querySelectorAll(".qt-journal [data-qt-state]")) {
    const name = /** @type {HTMLElement} */ (card).dataset.qtState ?? "";
    model.state[name] = states[name] ?? states.all ?? { s: "loading" };
  }
  drawCards();
}

/** @param {string} name @param {() => unknown} made */
function put(name, made) {
  const here = place(name);
  if (here) {
    render(made(), here);
  }
}

/** @param {any} day */
function dayNote(day) {
  return noteForm(day, {
    about: `day ${day.account} ${day.day}`, name: dayText(day.day), request: request(), redraw: draw, done: again, hasStop: false,
    ask: (draft) => ({ action: "day-note", account: day.account, day: day.day, note: draft.note, tags: tagsOf(draft.tags) }),
  });
}

/** @param {any} row */
function tripNote(row) {
  return noteForm(row, {
    about: `trip ${row.id}`, name: `the trade in ${row.sym}`, request: request(), redraw: draw, done: again, hasStop: true,
    ask: (draft) => ({ action: "trip-note", trip: row.id, note: draft.note, tags: tagsOf(draft.tags), stop: draft.stop.trim() }),
  });
}

/** @param {any} roll @param {boolean} joined */
function join(roll, joined) {
  askEngine(request(), { action: "join", closed: roll.closed, opened: roll.opened, joined }, ({ ok, text }) => {
    if (ok) {
      again();
    } else {
      toast({ kind: "error", title: "The roll was not changed", text });
    }
  });
}

function again() {
  [300, 1200, 3000].forEach((ms) => window.setTimeout(() => { void ask(); }, ms));
}

/** @type {Record<string, (data: any) => void>} */
const VIEWS = {
  calendar(data) {
    put("month", () => month(data, choose));
    put("year", () => year(data, choose));
    put("day", () => (data.detail ? detail(data, data.detail.account ? dayNote : () => nothing) : nothing));
    const card = maybe(document, ".qt-card-jday"), title = card?.querySelector("h2");
    if (card && title) {
      card.hidden = !data.detail;
      title.textContent = data.detail ? dayText(data.detail.day) : "";
    }
    put("year-title", () => data.year.year);
  },
  trades(data) {
    put("trades-fact", () => data.words);
    put("trades", () => trades(data, draw, tripNote, join));
  },
  executions(data) {
    put("executions-fact", () => data.words);
    put("executions", () => executions(data));
  },
  bookings(data) {
    put("cash-fact", () => data.words);
    put("cash", () => cash(data));
    put("options-fact", () => data.options_words);
    put("options", () => options(data));
  },
  statistics(data) {
    put("figures-fact", () => data.words);
    put("figures", () => figures(data));
    for (const [by, caption] of [["symbol", "By symbol"], ["tag", "By tag"], ["hour", "By hour of the entry, New York"], ["weekday", "By weekday of the entry"]]) {
      put(`by-${by}`, () => group(data, by, caption));
    }
  },
  equity(data) {
    put("equity-fact", () => data.words);
    put("equity", () => equity(data));
  },
  signals(data) {
    put("signals-fact", () => data.words);
    put("signals", () => signals(data));
    put("by-score", () => worth(data, "score"));
    put("by-scan", () => worth(data, "scan"));
  },
  changes(data) {
    put("changes", () => changes(data));
  },
};

function draw() {
  if (!isHere() || !view) {
    return;
  }
  const data = answers.get(question())?.data;
  states = statesOf(data);
  if (data && !data.refused && !data.problem && !data.reading && !data.empty) {
    VIEWS[view]?.(data);
  }
  putStates();
  drawFilters(data);
}

/* ---- filters ---- */
/** What there is to choose from, of the last answer that said it. @type {Record<string, Array<[string, string]>>} */
let known = {};
let isOpen = false;   // the filters on a narrow screen

/** @param {string} name @param {string} label @param {string} all @param {string} value */
function select(name, label, all, value) {
  const options = known[name] ?? [];
  const there = !value || options.some(([key]) => key === value);
  return html`<label class="qt-jfilter" data-set=${value ? "1" : nothing}><span>${label}</span><select class="qt-input" data-jfilter=${name}
    @change=${(/** @type {Event} */ event) => choose({ [name]: /** @type {HTMLSelectElement} */ (event.target).value })}>
    <option value="" .selected=${!value}>${all}</option>${there ? nothing : html`<option value=${value} .selected=${true}>${value}</option>`}
    ${options.map(([key, text]) => html`<option value=${key} .selected=${key === value}>${text}</option>`)}</select></label>`;
}

/** @param {string} name @param {string} label @param {string} value */
function date(name, label, value) {
  return html`<label class="qt-jfilter" data-set=${value ? "1" : nothing}><span>${label}</span><input type="date" class="qt-input" data-jfilter=${name} .value=${value}
    @change=${(/** @type {Event} */ event) => choose({ [name]: /** @type {HTMLInputElement} */ (event.target).value })}></label>`;
}

/** @param {any} data */
function drawFilters(data) {
  known = data?.filters ?? known;
  const words = chosen(), at = (/** @type {string} */ name) => words[name] ?? "", count = countOf(words);
  const none = () => goQuery(wordsOf({}, { month: at("month"), day: at("day") }));
  const open = () => {
    isOpen = !isOpen;
    draw();
  };
  place("filters")?.toggleAttribute("data-open", isOpen);
  put("filters", () => html`<button type="button" class="qt-button qt-jtoggle" aria-expanded=${String(isOpen)} @click=${open}>Filters${
    count ? ` (${count})` : ""}</button>${(known.account ?? []).length > 1 || at("account") ? select("account", "Account", "all", at("account")) : nothing}
    ${date("from", "From", at("from"))}${date("to", "To", at("to"))}
    ${select("symbol", "Symbol", "all", at("symbol"))}${select("side", "Side", "both", at("side"))}${select("tag", "Tag", "all", at("tag"))}
    ${select("source", "Source", "all", at("source"))}${select("currency", "Currency", known.base?.[0]?.[1] ?? "the account's", at("currency"))}
    <button type="button" class="qt-button qt-button-small qt-button-quiet" ?hidden=${!count} @click=${none}>Clear ${count === 1 ? "filter" : `${fmt.number(count)} filters`}</button>
    <span class="qt-push"></span><button type="button" class="qt-button qt-button-small qt-jprint" @click=${() => window.print()}><i
    class="bi bi-printer" aria-hidden="true"></i> Print</button>`);
}

/* ---- when ---- */
onTab((page, tab) => {
  if (page === "journal") {
    view = VIEWS[tab] ? tab : "";
    draw();
    void ask();
  }
});
onQuery(() => {
  draw();
  void ask();
});
onAddress(() => {
  if (path() !== "/journal") {
    view = "";
    under?.abort();
    under = null;
  }
});
onSorted(draw);
onApplied(putStates);
every(AGAIN_MS, () => { void ask(); });
onWatched(() => { void ask(); });
/** The page that is drawn. @type {HTMLElement | null} */
let seen = null;
onNodes(() => {
  const holder = maybe(document, ".qt-journal");
  if (holder && holder !== seen) {
    seen = holder;
    draw();
    void ask();
  }
});
