/** The market strip: <section data-qt-market> over the part "market" (app/rows/market_strip.py). */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { now } from "../core/clock.mjs";
import { all } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";

/** @typedef {{order: number, name: string, sym: string | null, con: number | null, last: number | null, dec: number,
 *   chg: number | null, word: string, why: string, at: number | null}} Entry */

/** @param {Entry} d */
function entry(d) {
  const change = d.chg === null ? nothing : html`<span data-tone=${d.word ? nothing : fmt.tone(d.chg)}>${
    `${fmt.arrow(d.chg)} ${fmt.percent(d.chg)}`.trim()}</span>`;
  const age = d.at === null ? "" : `, ${fmt.age(now() - d.at).replace(/^(\d+ (?:min|h|d)) .*$/, "$1")}`;
  const word = d.word ? html`<span class="qt-market-word" title=${d.why}>${d.word}${age}</span>` : nothing;
  const words = html`<span class="qt-market-name">${d.name}</span><b>${d.last === null ? fmt.MISSING : fmt.number(d.last, d.dec)}</b>${change}${word}`;
  return d.con === null ? html`<span class="qt-market-entry" title=${d.why}>${words}</span>` :
    html`<a class="qt-market-entry" href="/symbol/${d.con}" title=${d.sym ?? nothing} ?data-old=${Boolean(d.word)}>${words}</a>`;
}

function draw() {
  const { lost, ...found } = model.market ?? {};
  /** @type {Entry[]} */
  const entries = Object.values(found).sort((a, b) => a.order - b.order);
  all(document, "[data-qt-market]").forEach((holder) => {
    const isBare = !entries.length && !lost;
    if (holder.hidden !== isBare) {
      holder.hidden = isBare;
    }
    render([...entries.map(entry), lost ? html`<span class="qt-market-word" title=${lost[1]}>${lost[0]}</span>` : nothing], holder);
  });
}
onPart("market", draw);
onNodes(() => {
  if (all(document, "[data-qt-market]").some((holder) => !holder.firstElementChild)) {
    draw();
  }
});
every(1000, () => {
  if (Object.values(model.market ?? {}).some((each) => typeof each.at === "number")) {
    draw();
  }
});
