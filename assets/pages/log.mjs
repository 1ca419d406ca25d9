/**
 * The log on the Health page: out of the server's files, newest first, by level and words, older ones as they are asked for.
 * <div data-qt-logfile> by `/api/v1/log` (app/log_route.py). Asked anew when the poll tells of a newer line.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { onAddress } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { make, maybe, putInOrder, setData, setText } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import { get, onNodes, onPart } from "../core/model.mjs";
import { LOG_PATH } from "../core/wire.mjs";

/** @typedef {{at: number, level: string, logger: string, text: string, thread?: string, error?: string,
 *   place: string}} Entry */
/** @typedef {{lines: Entry[], older: string | null}} Answer */

const TYPED_MS = 300, AGAIN_MS = 4000, PAGE = 100, MOST = 2000;
let chosen = { level: "", text: "" };
/** @type {Entry[]} */
let entries = [];
/** Where to read on; "" = nothing is older. */
let older = "";
/** Why nothing new is shown; "" = it is. */
let problem = "";
/** The newest line that the poll told of when these were asked for. @type {unknown} */
let newest = null;
let isAsked = false;
/** @type {AbortController | null} */
let under = null;
let typed = 0;

const box = () => maybe(document, "[data-qt-logfile]");
/** @param {Record<string, string>} [more] */
const words = (more = {}) => new URLSearchParams({ ...chosen, ...more }).toString();

/** @param {string} before "" = the newest */
async function ask(before = "") {
  under?.abort();
  const stop = new AbortController(), told = get("health.log_at");
  under = stop;
  isAsked = true;
  try {
    const answer = await fetch(`${LOG_PATH}?${words({ before })}`, { signal: stop.signal, cache: "no-store" });
    const body = await answer.json();
    if (!answer.ok) {
      throw new Error(body.error);
    }
    /** @type {Answer} */
    const found = body;
    entries = before ? [...entries, ...found.lines].slice(0, MOST) : found.lines;
    older = entries.length < MOST ? found.older ?? "" : "";
    problem = "";
    newest = before ? newest : told;
  } catch (error) {
    if (stop.signal.aborted) {
      return;
    }
    problem = error instanceof TypeError ? "The server does not answer; it is asked again." : String(error instanceof Error ? error.message : error);
  }
  under = null;
  draw();
}

/** @param {Entry} entry */
function when(entry) {
  const at = clock.market(entry.at), isToday = clock.clockText(at, "date") === clock.clockText(clock.marketNow(), "date");
  return isToday ? clock.clockText(at, "hms") : `${clock.clockText(at, "date")} ${clock.clockText(at, "hms")}`;
}

/** @param {Entry} entry */
function block(entry) {
  return html`<span class="qt-soft qt-log-at" title=${new Date(1000 * entry.at).toISOString()}>${when(entry)}</span>
    <span class="qt-log-level">${entry.level}</span>
    <div class="qt-log-line"><span title=${entry.logger}>${entry.text}</span>${entry.error
      ? html`<span class="qt-soft" title="Save keeps the lines with their traces"> ${entry.error}, its trace is in the saved file</span>` : nothing}</div>`;
}

/** Each line keeps its element: what is selected or opened in it stays. @type {WeakMap<Element, Map<string, HTMLElement>>} */
const drawn = new WeakMap();

function draw() {
  const holder = box();
  if (!holder) {
    return;
  }
  const list = holder.querySelector("ul") ?? holder.appendChild(make("ul", "qt-log"));
  const foot = maybe(holder, ".qt-log-foot") ?? holder.appendChild(make("div", "qt-log-foot"));
  /** @type {Map<string, HTMLElement>} */
  const known = drawn.get(list) ?? new Map(), wanted = new Set(entries.map(({ place }) => place));
  drawn.set(list, known);
  known.forEach((item, place) => {
    if (!wanted.has(place)) {
      item.remove();
      known.delete(place);
    }
  });
  putInOrder(list, entries.map((entry) => {
    const old = known.get(entry.place), item = old ?? make("li");
    if (!old) {
      known.set(entry.place, item);
      setData(item, "level", entry.level.toLowerCase());
      render(block(entry), item);
    }
    return item;
  }));
  const isChosen = Boolean(chosen.level || chosen.text), none = isChosen ? "No line of the log is like that." : "The log is empty.";
  render(html`${problem ? html`<p role="alert">${problem}</p>` : !entries.length && isAsked ? html`<p>${none}</p>` : nothing}
    ${older ? html`<button type="button" class="qt-button" @click=${() => ask(older)}>Older lines</button>` : nothing}`, foot);
  const fact = maybe(document, "[data-qt-logfile-fact]"), save = document.querySelector("[data-qt-logfile-save]");
  if (fact) {
    setText(fact, `${entries.length}${older ? " newest" : ""} line${entries.length === 1 ? "" : "s"}${isChosen ? " of those chosen" : ""}`);
  }
  if (save instanceof HTMLAnchorElement) {
    save.href = `${LOG_PATH}/export?${words()}`;
  }
}

/** The newest lines again, unless older ones were asked for: they would move under the reader's eyes. */
function look() {
  if (box() && !under && (problem || (get("health.log_at") !== newest && entries.length <= PAGE))) {
    void ask();
  }
}
every(AGAIN_MS, look);
onPart("health", () => {
  if (box() && !isAsked) {
    void ask();
  }
});

onAddress(() => {
  [entries, older, problem, newest, isAsked, chosen] = [[], "", "", null, false, { level: "", text: "" }];
});
onNodes(() => {
  const holder = box();
  if (holder && !holder.firstChild) {
    draw();
    void ask();
  }
});

clientside("qtLog", {
  choose(/** @type {string | null} */ level, /** @type {string | null} */ text) {
    const now = { level: level ?? "", text: (text ?? "").trim() };
    if (now.level === chosen.level && now.text === chosen.text) {
      return noUpdate();
    }
    const isTyped = now.text !== chosen.text;
    chosen = now;
    window.clearTimeout(typed);
    typed = window.setTimeout(() => void ask(), isTyped ? TYPED_MS : 0);
    return noUpdate();
  },
});
