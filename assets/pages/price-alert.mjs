/** "Alert" beside the chart: <div data-qt-price-alert> asks for one at a price; a click into the chart takes its price. */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { maybe, one } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";
import { candles, onPrice } from "./candles.mjs";

let typed = "";
let said = "";
let often = "once";

const holder = () => maybe(document, "[data-qt-price-alert]");
/** @returns {Array<[price: number, id: number, words: string]>} */
const levels = () => model.chart?.alerts ?? [];
/** The chart's own, which no type is known of. */
const chart = () => /** @type {any} */ (candles);
/** @returns {number} */
const decimals = () => chart().base?.dec ?? 2;

/** @param {Record<string, unknown>} request @param {string} title */
function ask(request, title) {
  askEngine(holder()?.dataset.request ?? "", /** @type {any} */ (request), ({ ok, text }) => {
    said = ok ? "" : text;
    if (ok) {
      typed = "";
      toast({ title, text });
    }
    draw();
  });
}

/** @param {SubmitEvent} event */
function add(event) {
  event.preventDefault();
  const level = typed.trim() || lastText();
  ask({ action: "alert-rule", id_of: 0, kind: "price", channels: ["browser", ...(model.chart?.channels ?? [])],
    values: { symbol: model.chart?.con, side: "reaches", level, often } }, "Alert added");
}

function lastText() {
  const last = chart().rows.at(-1)?.c;
  return last === undefined ? "" : Number(last).toFixed(decimals());
}

/** @param {[number, number, string]} level */
const line = ([, id, words]) => html`<li>${words} <button type="button" class="qt-button qt-button-small qt-button-quiet"
  aria-label="Delete the alert at ${words}"
  @click=${() => ask({ action: "alert-change", id_of: id, do: "delete" }, "Alert deleted")}>Delete</button></li>`;

function draw() {
  const place = holder();
  if (!place) {
    return;
  }
  render(html`<div><b>Alert at a price</b><span class="qt-push"></span><a href="/alerts">All alerts</a></div>
    <form class="qt-price-alert" @submit=${add}>
      <input class="qt-input" inputmode="decimal" aria-label="Price of the alert" placeholder=${lastText()} .value=${typed}
        @input=${(/** @type {any} */ event) => { typed = event.target.value; }}>
      <select class="qt-input" aria-label="How often" @change=${(/** @type {any} */ event) => { often = event.target.value; }}>
        <option value="once">once</option><option value="each">each time</option><option value="close">at the end of a minute</option></select>
      <button type="submit" class="qt-button qt-button-main">Add</button></form>
    <p class="qt-soft">A click into the chart takes its price.</p>
    <div class="qt-channel-said" role="alert">${said}</div>
    ${levels().length ? html`<ul class="qt-price-levels">${levels().map(line)}</ul>` : nothing}`, place);
}

onPrice((/** @type {number} */ price) => {
  if (holder()?.hidden === false) {
    const tick = Number(chart().base?.tick) || 0.01;
    typed = (Math.round(price / tick) * tick).toFixed(decimals());
    draw();
    window.setTimeout(() => {   // a click beside a menu closes it
      if (holder()?.hidden) {
        one(document, "[data-menu=symbol-alert-menu]").click();
      }
    }, 0);
  }
});
onPart("chart", draw);
onNodes(() => {
  if (holder() && !holder()?.firstElementChild) {
    typed = said = "";
    draw();
  }
});
