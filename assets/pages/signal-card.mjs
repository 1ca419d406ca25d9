/**
 * One signal: <div data-qt-signal data-request="store">. What it broke, how far it has run, places for a stop, and what became of
 * its like. On the Symbol page the newest one, or the one that was pressed in the list; on the Scanners page a dialog. Asked for
 * again each 5 s while it is in sight.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { onAddress } from "../core/address.mjs";
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { all, make, maybe, within } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { nameOf } from "../core/values.mjs";
import { useStop } from "./size.mjs";

/** @typedef {number | null} Known null = not known */
/** `newest`: id, con_id, symbol, market time, score, move after 30 min.
 * @typedef {{n: number, days: number, band: [number, number], won: Known, rows: Array<[number, number, Known, Known, Known]>,
 *   newest: Array<[string, number, string, number, number, Known]>}} Like */
/** `run` and `since` = [ATR, per cent] from the level and from the price at the signal.
 * @typedef {{id: string, con: number, sym: string, side: "long" | "short", kind: string, dec: number, at: number,
 *   triggered: number, ended: Known, running: boolean, level: number, first: number, atr: number, score: number,
 *   score_now: Known, early: boolean, lane: string, scans: string[], rel_volume: Known, surge: Known, price: Known,
 *   price_wall: Known, run: [Known, Known], since: [Known, Known], spread: Known, spread_atr: Known, volume: Known,
 *   volume_60s: Known, stops: Array<[string, number, Known, Known]>, after: Array<[number, number, number, number]>,
 *   like: Like}} Card */

const AGAIN_MS = 5000;
/** The signal that the page shows: by its id, "" = the newest one of `con`. */
const wanted = { id: "", con: 0 };
/** @type {Card | null} */
let card = null;
let problem = "";
let asking = false;
let asked = 0;   // number of the newest question

const conHere = () => Number(/^\/symbol\/([1-9]\d*)\/?$/.exec(window.location.pathname)?.[1] ?? 0);
/** Ids of the symbol's signals, the newest first. @returns {string[]} */
function listed() {
  const rows = model["rows:marks"] ?? {};
  return Object.keys(rows).filter((id) => id.startsWith("s")).sort((a, b) => rows[a].order - rows[b].order).map((id) => id.slice(1));
}

/** @returns {HTMLElement | null} */
const holderNow = () => maybe(document, "[data-qt-signal]");

function ask() {
  const holder = holderNow();
  if (!holder || asking || !(wanted.id || wanted.con)) {
    return;
  }
  asking = true;
  const number = asked += 1;
  askEngine(holder.dataset.request ?? "", { action: "signal", signal: wanted.id, con: wanted.con }, (result) => {
    asking = false;
    if (number !== asked) {
      ask();
      return;
    }
    card = result.ok ? result.value ?? null : card;
    problem = result.ok ? "" : result.text;
    draw();
  });
}

/** @param {string} id @param {number} con */
function choose(id, con) {
  Object.assign(wanted, { id, con });
  card = null;
  problem = "";
  asked += 1;
  draw();
  ask();
}

/* ---- what it shows ---- */
/** @param {string} label @param {unknown} value @param {unknown} [more] @param {string} [title] */
const pair = (label, value, more = "", title = "") => html`<div class="qt-pair" title=${title || nothing}><dt>${label}</dt>
  <dd><span class="qt-fact-value">${value}</span><span class="qt-fact-more">${more}</span></dd></div>`;
/** @param {Known} value */
const atrs = (value) => (value === null ? fmt.MISSING : `${fmt.signed(value, 2)} ATR`);
/** @param {Known} value */
function shares(value) {
  const sizes = /** @type {Array<[number, string]>} */ ([[1e9, "B"], [1e6, "M"], [1e3, "k"]]);
  const found = value === null ? undefined : sizes.find(([size]) => value >= size);
  return found && value !== null ? `${fmt.number(value / found[0], 1)} ${found[1]}` : fmt.number(value);
}

/** @param {number} at market time */
const dayText = (at) => `${clock.clockText(at, "day")} ${clock.clockText(at, "hm")}`;

/** @param {Card} c */
function headBlock(c) {
  const what = c.side === "long" ? "Breakout long" : "Breakdown short", ids = listed();
  const since = clock.marketNow() - c.at, early = "It was beyond its level when QTrade first looked: its distance counts from there";
  const words = c.running ? `runs for ${fmt.age(since)}` : `ended ${c.ended === null ? "" : clock.clockText(c.ended, "hm")}`;
  return html`<div class="qt-signal-head"><span class="qt-side" data-tone=${c.side} aria-hidden="true">${c.side === "long" ? fmt.UP : fmt.DOWN}</span>
    <b>${nameOf(c.sym)}</b> <span>${what} of the ${c.kind}, ${words}</span>
    ${c.early ? html`<span class="qt-tag qt-tag-early" title=${early}>before QTrade looked</span>` : nothing}
    <span class="qt-push"></span>
    ${conHere() && ids.length > 1 ? html`<select class="qt-input" aria-label="Signal shown"
      @change=${(/** @type {Event} */ event) => choose(/** @type {HTMLSelectElement} */ (event.target).value, conHere())}>
      ${ids.map((id) => html`<option value=${id} .selected=${id === c.id}>${optionOf(id)}</option>`)}</select>` : nothing}</div>`;
}

/** @param {string} id */
function optionOf(id) {
  const row = model["rows:marks"]?.[`s${id}`], at = Array.isArray(row?.at) ? row.at[0] : row?.at;
  return `${at ?? ""} ${String(row?.what ?? "").split(" ").pop()}`;
}

/** @param {Card} c */
function factsBlock(c) {
  const price = (/** @type {Known} */ value) => fmt.number(value, c.dec);
  const at = (/** @type {number} */ moment) => clock.clockText(moment, "hms");
  return html`<dl class="qt-facts qt-facts-2">
    ${pair("Entry level", price(c.level), c.kind)}
    ${pair("Price now", price(c.price), c.price_wall === null ? "" : `${fmt.age(clock.now() - c.price_wall)} ago`)}
    ${pair("Run", html`<span data-tone=${fmt.tone(c.run[0])}>${atrs(c.run[0])}</span>`, fmt.percent(c.run[1]))}
    ${pair("Since signal", html`<span data-tone=${fmt.tone(c.since[0])}>${atrs(c.since[0])}</span>`, fmt.percent(c.since[1]),
      `It came at ${price(c.first)}`)}
    ${pair("Spread", c.spread_atr === null ? fmt.MISSING : `${fmt.number(c.spread_atr, 2)} ATR`, price(c.spread))}
    ${pair("ATR then", fmt.number(c.atr, c.dec + 1), "1 min")}
    ${pair("Day's volume", shares(c.volume), c.volume_60s === null ? "" : `${shares(c.volume_60s)} in 60 s`)}
    ${pair("Volume then", `${fmt.times(c.rel_volume)} usual`, `${fmt.times(c.surge)} surge`)}
    ${pair("Beyond at", at(c.triggered), `confirmed ${at(c.at)}`)}
    ${pair("Score then", fmt.number(c.score, 3), c.score_now === null ? "" : `now ${fmt.number(c.score_now, 3)}`)}
  </dl>`;
}

/** @param {Card} c */
function stopsBlock(c) {
  const isHere = conHere() === c.con;
  return html`<h3>Places for a stop</h3><table class="qt-table qt-signal-stops"><thead><tr><th>Stop</th><th class="num">Price</th>
    <th class="num">Away</th><th class="num">%</th>${isHere ? html`<th><span class="visually-hidden">Size</span></th>` : nothing}</tr></thead>
    <tbody>${c.stops.map(([name, price, far, pct]) => html`<tr><td>${name}</td><td class="num">${fmt.number(price, c.dec)}</td>
      <td class="num">${far === null ? "passed" : `${fmt.number(far, 1)} ATR`}</td><td class="num">${fmt.share(pct, 2)}</td>
      ${isHere ? html`<td><button type="button" class="qt-button qt-button-small qt-button-quiet" ?disabled=${far === null}
        @click=${() => useStop(c.side, price, c.dec)} aria-label="Size it: ${name}">Size it</button></td>` : nothing}</tr>`)}</tbody></table>`;
}

/** @param {Known} value */
const move = (value) => html`<td class="num" data-tone=${fmt.tone(value)}>${fmt.signed(value, 2)}</td>`;

/** @param {Card} c */
function afterBlock(c) {
  return c.after.length ? html`<h3>What became of it</h3><table class="qt-table"><thead><tr><th>After</th><th class="num">Move ATR</th>
    <th class="num">Best</th><th class="num">Worst</th></tr></thead><tbody>${c.after.map(([minutes, best, worst, last]) =>
      html`<tr><td>${minutes} min</td>${move(last)}${move(best)}${move(worst)}</tr>`)}</tbody></table>` : nothing;
}

/** @param {Card} c */
function likeBlock({ like, kind, side }) {
  const [low, high] = like.band, band = `score ${fmt.number(low, 2)} to ${fmt.number(high, 2)}`;
  if (!like.n) {
    return html`<h3>Signals like it</h3><p class="qt-soft">None of the ${kind}, ${side}, ${band}, in the last ${like.days} trading days.</p>`;
  }
  return html`<h3>Signals like it</h3>
    <p class="qt-soft">${kind}, ${side}, ${band}, last ${like.days} trading days: n = ${like.n}${like.won === null ? "" :
      `; ${fmt.share(100 * like.won, 0)} gained by 30 min later`}. Medians in ATR.</p>
    <table class="qt-table"><thead><tr><th>After</th><th class="num">n</th><th class="num">Move</th><th class="num">Best</th>
      <th class="num">Worst</th></tr></thead><tbody>${like.rows.map(([minutes, known, last, best, worst]) => html`<tr><td>${minutes} min</td>
      <td class="num">${known}</td>${move(last)}${move(best)}${move(worst)}</tr>`)}</tbody></table>
    <p class="qt-signal-like">${like.newest.map(([, con, sym, at, , moved]) => html`<a href="/symbol/${encodeURIComponent(con)}"
      title="${dayText(at)}">${nameOf(sym)}</a> <span data-tone=${fmt.tone(moved)}>${fmt.signed(moved, 2)}</span> `)}</p>`;
}

function draw() {
  const holder = holderNow();
  if (!holder) {
    return;
  }
  if (!card) {
    render(html`<p class="qt-soft" role="status">${problem || "Asking the engine …"}</p>`, holder);
    return;
  }
  render(html`${headBlock(card)}<div class="qt-signal-body"><div>${factsBlock(card)}${stopsBlock(card)}</div>
    <div>${afterBlock(card)}${likeBlock(card)}</div></div>${problem ? html`<p data-tone="warn" role="status">${problem}</p>` : nothing}`, holder);
}

/* ---- on the Symbol page ---- */
function follow() {
  const ids = listed(), con = conHere();
  if (!con || !holderNow()) {
    return;
  }
  if (!ids.length) {
    card = null;
    Object.assign(wanted, { id: "", con: 0 });
  } else if (wanted.con !== con || !ids.includes(wanted.id)) {
    choose(ids[0], con);
  } else {
    draw();
  }
}
onPart("rows:marks", follow);
onNodes(() => {
  const holder = holderNow();
  if (holder && !holder.firstElementChild) {
    follow();
  }
});
onAddress(() => {
  card = null;
  Object.assign(wanted, { id: "", con: 0 });
  close();
});

document.addEventListener("click", (event) => {
  const row = within(event, "[data-qt-rows=marks] tr"), id = row?.dataset.id ?? "";
  if (id.startsWith("s") && conHere()) {
    choose(id.slice(1), conHere());
    holderNow()?.scrollIntoView({ block: "nearest" });
  }
});

/* ---- on the Scanners page ---- */
/** @type {HTMLDialogElement | null} */
let dialog = null;

function close() {
  dialog?.close();
}

/** @param {number} con @param {string} request */
function open(con, request) {
  const body = make("div", "qt-signal"), shut = make("button", "qt-icon-button", "×");
  dialog?.remove();
  dialog = make("dialog", "qt-card qt-signal-dialog");
  dialog.setAttribute("aria-label", "Signal");
  Object.assign(body.dataset, { qtSignal: "1", request });
  shut.type = "button";
  shut.setAttribute("aria-label", "Close");
  shut.addEventListener("click", close);
  dialog.append(shut, body);
  dialog.addEventListener("close", () => { dialog?.remove(); dialog = null; });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) { close(); } });   // beside it
  document.body.append(dialog);
  dialog.showModal();
  choose("", con);
}

document.addEventListener("click", (event) => {
  const button = within(event, "[data-signal-of]");
  if (button) {
    open(Number(button.dataset.signalOf), button.dataset.request ?? "");
  }
});

every(AGAIN_MS, () => {
  const holder = holderNow();
  if (holder && card && holder.offsetParent !== null) {
    ask();
  }
});
every(1000, () => all(document, "[data-qt-signal]").length && card && draw());
