/**
 * Why-not inspector: <div data-qt-why data-request="store">. Asks the engine for the rules of one symbol, again each 5 s while
 * it is in sight, and fills the two tables in place.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { all, maybe, one } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import { onNodes } from "../core/model.mjs";
import { inTab } from "../core/tabs.mjs";

/** @typedef {[name: string, value: string, limit: string, distance: string, passes: boolean | null, note?: string]} Rule */
/** @typedef {{sym: string, con: number, kind: string, filtered: string, scans: string[], line: string, text: string,
 *   others: Array<[con: number, sym: string, about: string]>, long: Rule[], short: Rule[]}} Why */

const AGAIN_MS = 5000;
let wanted = "";
let asking = false;

/** @param {HTMLElement} holder */
const saidOf = (holder) => one(holder, ".qt-why-said");
/** @param {HTMLElement} holder */
const rulesOf = (holder) => one(holder, ".qt-why-rules");

/** @param {HTMLElement} holder */
function build(holder) {
  const place = one(holder, ".qt-why-ask");
  const start = () => {
    wanted = /** @type {HTMLInputElement} */ (one(place, "input")).value.trim();
    if (wanted) {
      ask(holder);
    }
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      start();
    }
  };
  render(html`<input type="text" class="qt-input" maxlength="40" placeholder="symbol, e.g. NVDA" autocomplete="off" spellcheck="false"
    aria-label="Symbol to explain" .value=${wanted} @keydown=${onKey}><button type="button" class="qt-button qt-button-small"
    @click=${start}>Explain</button>`, place);
  if (wanted) {
    ask(holder);
  }
}

/** @param {HTMLElement} holder */
function ask(holder) {
  if (asking) {
    return;
  }
  asking = true;
  const text = wanted;
  askEngine(holder.dataset.request ?? "", { action: "why", text }, (result) => {
    asking = false;
    if (text !== wanted) {
      ask(holder);
    } else if (result.ok && result.value) {
      show(holder, result.value);
    } else {
      render(result.text, saidOf(holder));
      render(nothing, rulesOf(holder));
    }
  });
}

/** @param {Rule} rule */
function ruleBlock([name, value, limit, distance, passes, note]) {
  const [mark, tone, word] = passes === null ? ["?", "", "unknown"] : passes ? ["✓", "gain", "passes"] : ["✗", "loss", "fails"];
  return html`<tr title=${note || ""}><td>${name}</td><td class="num">${value}</td><td class="num">${limit}</td>
    <td class="num">${distance}</td><td data-tone=${tone} aria-label=${word}>${mark}</td></tr>`;
}

/** @param {string} side @param {Rule[]} rules */
function tableBlock(side, rules) {
  return html`<table class="qt-table">
    <thead><tr><th>${side}</th><th class="num">Value</th><th class="num">Limit</th><th class="num">Distance</th><th></th></tr></thead>
    <tbody>${rules.map(ruleBlock)}</tbody></table>`;
}

/** @param {HTMLElement} holder @param {Why} why */
function show(holder, why) {
  const others = why.others.map(([, sym, about]) => `${sym} ${about}`).join(", ");
  const words = [
    why.kind, why.filtered, why.scans.length ? `in ${why.scans.join(", ")}` : "in no scan now", why.line, why.text,
    others && `Also: ${others}.`,
  ].filter(Boolean).join(" · ");
  render(html`<a class="qt-sym" href="/symbol/${encodeURIComponent(why.con)}">${why.sym}</a> ${words}`, saidOf(holder));
  render(why.long.length ? [tableBlock("Long side", why.long), tableBlock("Short side", why.short)] : nothing, rulesOf(holder));
}

onNodes(() => all(document, "[data-qt-why]").filter((holder) => !holder.querySelector("input")).forEach(build));
every(AGAIN_MS, () => {
  const holder = maybe(document, "[data-qt-why]");
  if (holder && wanted && inTab(holder) && rulesOf(holder).childElementCount) {
    ask(holder);
  }
});
