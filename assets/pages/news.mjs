/**
 * News headlines of a symbol: <div data-qt-news data-request="store">, where Settings has them on. Asked for each few minutes
 * while it is in sight. What a provider sends is text, never markup.
 */
import { html, render } from "../vendor/lit-html.mjs";
import { onAddress } from "../core/address.mjs";
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { maybe } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import { get, onNodes, onPart } from "../core/model.mjs";

/** @typedef {[at: number | null, provider: string, text: string]} Row */

const AGAIN_MS = 180_000;
/** The contract that the rows are of. */
let con = 0;
let said = "";
/** @type {Row[]} */
let rows = [];
let asking = false;

/** @param {number | null} at */
function when(at) {
  if (at === null) {
    return "";
  }
  const day = clock.clockText(at, "day"), today = clock.clockText(clock.marketNow(), "day");
  return day === today ? clock.clockText(at, "hm") : `${day} ${clock.clockText(at, "hm")}`;
}

/** @param {Row} row */
const block = ([at, provider, text]) => html`<li><span class="qt-soft">${when(at)} · ${provider}</span><br>${text}</li>`;

function draw() {
  const holder = maybe(document, "[data-qt-news]");
  if (holder) {
    render(rows.length ? html`<ul>${rows.map(block)}</ul>` : html`<p class="qt-soft" role="status">${said || "Asking TWS …"}</p>`, holder);
  }
}

function ask() {
  const holder = maybe(document, "[data-qt-news]"), here = get("symbol.con");
  if (!holder || !get("symbol.news") || typeof here !== "number" || asking) {
    return;
  }
  if (here !== con) {
    [con, rows, said] = [here, [], ""];
    draw();
  }
  asking = true;
  askEngine(holder.dataset.request ?? "", { action: "news", con: here }, ({ ok, text, value }) => {
    asking = false;
    if (here !== con) {
      ask();
      return;
    }
    rows = ok && Array.isArray(value) ? value : rows;
    said = text;
    draw();
  });
}

onPart("symbol", () => {
  if (get("symbol.news") && get("symbol.con") !== con) {
    ask();
  }
});
onNodes(draw);
onAddress(() => { [con, rows, said] = [0, [], ""]; });
every(AGAIN_MS, ask);
