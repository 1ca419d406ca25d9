/** The candle chart of the Symbol page: its base comes through a store, its layers from a check list. */
import { onAddress } from "../core/address.mjs";
import { Candles } from "../core/candles.mjs";
import { waitFor } from "../core/cards.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { maybe, within } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { onTripMarks, tripMarks } from "./trip-marks.mjs";

const CHART = "symbol-chart", REBASE = "symbol-rebase";
/** @type {string[] | null} */
let layers = null;

const page = () => maybe(document, "[data-qt-symbol]");

export const candles = new Candles({
  host: () => document.getElementById(CHART),
  con: () => page()?.dataset.qtSymbol ?? null,
  over: () => model.chart,
  tail: (timeframe) => model[`tail:bars-${timeframe}`],
  ask: () => setProps(REBASE, { data: performance.now() }),
  layers: () => layers,
  trips: tripMarks,
  legend: () => maybe(document, "[data-qt-legend]"),
  chip: () => maybe(document, "[data-qt-chip]"),
  note: () => maybe(document, "[data-qt-chart-note]"),
});

/** Be told of the price at which the chart is clicked. @param {(price: number) => void} fn */
export function onPrice(fn) {
  candles.onPrice.push(fn);
}

/* ---- called by Dash ---- */
clientside("qtCandles", {
  based(/** @type {any} */ base) {
    candles.based(base);
    return noUpdate();
  },
  layered(/** @type {string[] | null} */ chosen) {
    layers = chosen;
    const count = maybe(document, "[data-qt-layer-count]");
    if (count) {
      count.textContent = String((chosen ?? []).length);
    }
    if (candles.base) {
      candles.redraw();
    }
    return noUpdate();
  },
  sided(/** @type {string} */ side) {
    const card = document.getElementById("symbol-why");
    if (card) {
      card.dataset.side = side;
    }
    return noUpdate();
  },
});

document.addEventListener("click", (event) => {
  if (within(event, "[data-qt-reset]")) {
    candles.resetZoom();
  }
});
onPart("chart", () => candles.check());
onTripMarks(() => candles.check());
onPart("tail", (name) => {
  if (candles.base && name === `bars-${candles.base.tf}`) {
    candles.check();
  }
});
onAddress(() => {
  candles.clear();
  if (candles.chart) {
    candles.redraw();
  }
});
onNodes(() => {
  if (!page() && candles.base) {
    candles.clear();
  }
  if (candles.chart && !candles.host?.isConnected) {
    candles.unmake();
  }
});
waitFor((card) => {
  const chart = page() && document.getElementById(CHART);
  return Boolean(chart && card.contains(chart) && candles.isDue());
});
