/* The candle chart of the Symbol page, on TradingView's Lightweight Charts. The base comes as columns through a store, the
   newest bars with each poll in "tail:bars-<timeframe>", what lies over them in "chart". Bars are known by their time, so a
   bar that comes twice is drawn once; a base is asked for again when bars before the tail have changed or are missing. */
import { onAddress } from "../core/address.mjs";
import { waitFor } from "../core/cards.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import {
  AreaSeries, BarSeries, CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineSeries
} from "../vendor/lightweight-charts.mjs";

const CHART = "symbol-chart", REBASE = "symbol-rebase", ASK_PAUSE_MS = 1500, HOLE_MOST = 400, TAIL_S = 240, SMA_BARS = 20, FADE = "6b", CLEAR = "rgba(0,0,0,0)";
const css = getComputedStyle(document.documentElement);
const C = {
  base: null, rows: [], at: new Map(), points: [], view: null, pointed: null, layers: null,
  asked: 0, again: 0, seen: 0, drawn: null,
  host: null, chart: null, series: new Map(), marks: null, lines: [],
  /* for whoever looks into the page */
  range: () => C.chart && C.chart.timeScale().getVisibleLogicalRange(),
  lastOf: (id) => C.series.get(id).data().at(-1),
};
export const candles = C;

/* Told of the price at which the chart is clicked. */
const priceListeners = [];
export function onPrice(fn) { priceListeners.push(fn); }

function colour(name) { return css.getPropertyValue("--qt-" + name).trim(); }
function page() { return document.querySelector("[data-qt-symbol]"); }
function isOn(layer) { return !C.layers || C.layers.indexOf(layer) >= 0; }
function has(value) { return value !== null && value !== undefined; }

/* ---- from columns to rows ---- */
function expand(base) {
  const rows = [], cuts = new Set(base.cut || []), again = new Map(), offsets = base.ahead || [];
  let market = 0;
  let ahead = 0;
  let turn = 0;
  (base.again || []).forEach((entry) => { again.set(entry[0], entry); });
  (base.t || []).forEach((step, i) => {
    market = i ? market + step * base.size : step;
    if (turn < offsets.length && offsets[turn][0] === i) { ahead = offsets[turn][1]; turn += 1; }
    const odd = again.get(i);   // the clocks repeat this hour: the chart's time is pressed, the true one is a label
    rows.push({ t: odd ? odd[1] : market + ahead, label: odd ? odd[2] : "", o: base.o[i], h: base.h[i], lo: base.lo[i], c: base.c[i], v: base.v[i], f: base.f[i], s: base.s[i],
      w: base.w[i], l: base.l[i], src: base.src[i], off: base.off[i] === "x", cut: cuts.has(i), next: null });
  });
  return rows;
}

/* Every point of the time axis: the bars, and empty places where bars are missing inside trading hours. */
function allPoints(rows, holes, size) {
  const empty = new Map(), out = [];
  (holes || []).forEach((hole) => { empty.set(hole[0], hole[1]); });
  rows.forEach((row, i) => {
    out.push(row);
    const start = row.t + size, missing = Math.min(HOLE_MOST, empty.get(start) || 0);
    row.next = rows[i + 1] || null;
    for (let k = 0; k < missing && (!row.next || start + k * size < row.next.t); k += 1) {
      out.push({ t: start + k * size, empty: true });
    }
    row.hole = missing > 0;
  });
  return out;
}

function setRows(base) {
  C.base = base;
  C.seen = base.at;
  C.rows = expand(base);
  C.rows.forEach((row, i) => { row.n = needed(C.rows, i); });
  C.points = allPoints(C.rows, base.holes, base.size);
  C.at = new Map(C.rows.map((row) => { return [row.t, row]; }));
}

/* The volume that a signal of a minute needs: so many times the mean of the bars before it. */
function needed(rows, i) {
  if (!C.base.surge || i < SMA_BARS) { return null; }
  let sum = 0;
  for (let k = i - SMA_BARS; k < i; k += 1) {
    if (!has(rows[k].v)) { return null; }
    sum += rows[k].v;
  }
  return Math.round((C.base.surge * sum) / SMA_BARS);
}

/* ---- one bar as a point of each series ---- */
function line(key, row) {
  if (row.empty || !has(row[key])) { return { time: row.t }; }
  const point = { time: row.t, value: row[key] }, next = row.next, isSession = key === "w" || key === "l";
  if (row.hole || (next && isSession && (next.cut || !has(next[key])))) { point.color = CLEAR; }   // the way to the next
  return point;
}

function candle(row) {
  if (row.empty) { return { time: row.t }; }
  const point = { time: row.t, open: row.o, high: row.h, low: row.lo, close: row.c };
  if (row.src === "r" && isOn("history")) {
    const ink = colour(row.c >= row.o ? "gain" : "loss") + FADE;
    point.borderColor = point.wickColor = ink;
    point.color = row.c >= row.o ? colour("card") : ink;
  }
  return point;
}

function volume(row) {
  if (row.empty || !has(row.v)) { return { time: row.t }; }
  return { time: row.t, value: row.v, color: colour(row.c >= row.o ? "volume" : "axis") };
}

function strip(row) {
  if (row.empty || row.src === "s" || C.base.tf === "1D") { return { time: row.t }; }
  return { time: row.t, value: 1, color: colour(row.src === "v" ? "accent-line" : "axis") };
}

const POINT = {
  unit (row) { return { time: row.t, open: 0, high: 1, low: 0, close: 1 }; },
  shade (row) { return { time: row.t, value: row.off ? 1 : 0 }; },
  strip, px: candle, v: volume,
  n: line.bind(null, "n"), f: line.bind(null, "f"), s: line.bind(null, "s"), w: line.bind(null, "w"), l: line.bind(null, "l")
};
const LAYER = { n: "surge", f: "ema", s: "ema", w: "vwap", l: "level", strip: "history" };

/* ---- what lies over the candles ---- */
function priceLines(over) {
  const lines = [];
  function add(price, title, ink, style, options) {
    if (has(price)) {
      lines.push({ price, title, color: colour(ink), lineWidth: 1, lineStyle: style, axisLabelVisible: true, ...options });
    }
  }
  if (isOn("level")) { add(over.level, "level", "warn", 1, { lineVisible: C.base.tf !== "1m" }); }
  if (isOn("range") && over.range && C.base.size <= 900) {
    add(over.range[1], "OR low", "vwap", 4, { axisLabelVisible: false });
    add(over.range[0], "OR high", "vwap", 4, { axisLabelVisible: false });
  }
  if (isOn("cost")) { add(over.cost, "avg cost", "text-2", 0, {}); }
  (over.alerts || []).forEach((alert) => { add(alert[0], "alert", "accent", 2, {}); });
  return lines;
}

function barOf(time) {
  let found = null;
  for (let i = C.rows.length - 1; i >= 0; i -= 1) { if (C.rows[i].t <= time) { found = C.rows[i]; break; } }
  return found && time - found.t < C.base.size * 2 ? found.t : null;
}

const SHAPES = {
  long: { position: "belowBar", shape: "arrowUp", ink: "accent" },
  short: { position: "aboveBar", shape: "arrowDown", ink: "accent" },
  bought: { position: "atPriceMiddle", shape: "circle", ink: "text" },
  sold: { position: "atPriceMiddle", shape: "circle", ink: "text" }
};

function markers(over) {
  if (!isOn("marks")) { return []; }
  const out = [];
  (over.marks || []).forEach((mark) => {
    const time = barOf(mark[1]), look = SHAPES[mark[0]];
    if (time === null) { return; }
    const marker = { time, position: look.position, shape: look.shape, color: colour(look.ink), text: mark[3] };
    if (look.position === "atPriceMiddle") { marker.price = mark[2]; marker.size = 0.6; }
    out.push(marker);
  });
  return out.concat(gapMarks()).sort((a, b) => { return a.time - b.time; });
}

/* Where bars are missing, and where the history has filled in afterwards: said at the place itself. */
function gapMarks() {
  const out = [];
  function say(time, text) { out.push({ time, position: "aboveBar", shape: "square", size: 0, color: colour("text-3"), text }); }
  if (!isOn("history") || !C.base || C.base.tf === "1D") { return out; }
  (C.base.holes || []).forEach((hole) => {
    const before = barOf(hole[0] - 1);
    if (before !== null) { say(before, "no data " + spanText(hole[0], hole[0] + hole[1] * C.base.size)); }
  });
  let from = null;
  C.rows.forEach((row, i) => {
    const next = C.rows[i + 1];
    if (row.src !== "r") { return; }
    from = from || row;
    if (!next || next.src !== "r") { say(from.t, "from history " + spanText(from.t, row.t + C.base.size)); from = null; }
  });
  return out;
}

function furniture() {
  const over = model.chart || {};
  const fits = C.base && over.con === C.base.con;
  return {
    lines: fits ? priceLines(over) : [], marks: fits ? markers(over) : [],
    ink: colour({ gain: "gain", loss: "loss" }[over.tone] || "text-2")
  };
}

/* ---- the chart in the library ---- */
const KINDS = { area: AreaSeries, bar: BarSeries, candlestick: CandlestickSeries, histogram: HistogramSeries, line: LineSeries };

/* Its looks are declared in app/components/candles.py; only functions are added here. */
function make(host) {
  const options = JSON.parse(host.dataset.options), specs = JSON.parse(host.dataset.series);
  options.timeScale.tickMarkFormatter = (time) => (C.at.get(time)?.label ? clockText(time) : null);
  options.localization = { timeFormatter: (time) => (C.base ? timeText(time) : "") };
  C.host = host;
  C.chart = createChart(host, { ...options, autoSize: true });
  C.series = new Map(specs.map((spec) => {
    const series = C.chart.addSeries(KINDS[spec.type], spec.options, spec.pane || 0);
    if (spec.priceScaleOptions) { series.priceScale().applyOptions(spec.priceScaleOptions); }
    return [spec.id, series];
  }));
  JSON.parse(host.dataset.panes).forEach((share, i) => { C.chart.panes()[i].setStretchFactor(share); });
  C.marks = createSeriesMarkers(C.series.get("px"), []);
  C.lines = [];
  C.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => { C.view = range; drawChip(); });
  C.chart.subscribeClick((at) => {
    const price = at.point && (at.paneIndex || 0) === 0 ? C.series.get("px").coordinateToPrice(at.point.y) : null;
    if (price !== null) { priceListeners.forEach((fn) => { fn(price); }); }
  });
  C.chart.subscribeCrosshairMove((at) => {
    const time = has(at.time) && C.at.has(at.time) ? at.time : null;
    if (time !== C.pointed) { C.pointed = time; drawLegend(); }
  });
}

function unmake() {
  if (C.chart) { C.chart.remove(); }
  C.host = C.chart = C.marks = null;
  C.series = new Map();
  C.lines = [];
}

/* False = the page has no chart now. */
function isMade() {
  const host = document.getElementById(CHART);
  if (host !== C.host) { unmake(); }
  if (host && !C.chart) { make(host); }
  return !!C.chart;
}

function dress() {
  const over = furniture(), price = C.series.get("px");
  C.series.forEach((series, id) => {
    const visible = !LAYER[id] || isOn(LAYER[id]);
    if (series.options().visible !== visible) { series.applyOptions({ visible }); }
  });
  price.applyOptions({ priceLineColor: over.ink });
  C.lines.forEach((drawn) => { price.removePriceLine(drawn); });
  C.lines = over.lines.map((options) => price.createPriceLine(options));
  C.marks.setMarkers(over.marks);
  C.drawn = JSON.stringify(over);
}

/* All of it, as the base says: nothing of what was drawn before stays. */
function redraw() {
  if (!isMade()) { return; }
  if (C.base) {
    C.series.get("px").applyOptions({
      priceFormat: { type: "custom", minMove: C.base.tick || 0.01, formatter: (price) => fmt.number(price, C.base?.dec ?? 2) },
    });
  }
  C.series.forEach((series, id) => { series.setData(C.points.map(POINT[id])); });
  if (C.base) { dress(); push(); draw(); }
}

/* ---- the newest bars ---- */
function averages(row, before) {
  ["f", "s"].forEach((key, i) => {
    const seed = before && has(before[key]) ? before[key] : row.c;
    row[key] = seed + 2 / (C.base.lens[i] + 1) * (row.c - seed);
  });
}

function overlays(row, isLast) {
  const over = model.chart || {};
  if (!isLast || over.con !== C.base.con) { return; }
  if (C.base.tf !== "1D") { row.w = over.vwap; }
  if (C.base.tf === "1m") { row.l = over.level; }
}

function taken(time, bar, before, isLast) {
  let row = C.at.get(time); const isNew = !row;
  if (isNew) { row = { t: time, label: bar[6] || "", off: !!(before && before.off), cut: false, hole: false, next: null, w: null, l: null }; }
  const mark = JSON.stringify([row.o, row.h, row.lo, row.c, row.v, row.src, row.f, row.s, row.w, row.l]);
  row.o = bar[0]; row.h = bar[1]; row.lo = bar[2]; row.c = bar[3]; row.v = bar[4]; row.src = bar[5];
  averages(row, before);
  overlays(row, isLast);
  if (isNew) {
    row.n = needed(C.rows, C.rows.length);
    C.rows.push(row);
    C.points.push(row);
    C.at.set(time, row);
    if (before) { before.next = row; }
  }
  return isNew || mark !== JSON.stringify([row.o, row.h, row.lo, row.c, row.v, row.src, row.f, row.s, row.w, row.l]) ? row : null;
}

function push() {
  const tail = C.base && model["tail:bars-" + C.base.tf];
  const over = model.chart;
  if (!tail || !C.rows.length || !over || over.con !== C.base.con || !C.chart) { return; }
  const times = Object.keys(tail).map(Number).sort((a, b) => { return a - b; });
  if (over.at - C.seen > TAIL_S) { ask(); return; }   // this tab slept: bars between were never seen here
  C.seen = over.at;
  times.forEach((time, i) => {
    const at = C.at.get(time), newest = C.rows[C.rows.length - 1];
    if (!at && time < newest.t) { ask(); return; }
    const before = at ? C.rows[C.rows.indexOf(at) - 1] : newest;
    const row = taken(time, tail[time], before, i === times.length - 1);
    if (row) { C.series.forEach((series, id) => { series.update(POINT[id](row), time < newest.t); }); }
  });
}

/* Asks for the base, not more often than the pause allows; looks again after it, for a quiet market calls nobody. */
function ask() {
  const now = performance.now(), wait = C.asked ? C.asked + ASK_PAUSE_MS - now : 0;
  window.clearTimeout(C.again);
  C.again = window.setTimeout(check, wait > 0 ? wait : ASK_PAUSE_MS);
  if (wait > 0 || !document.getElementById(CHART)) { return; }
  C.asked = now;
  setProps(REBASE, { data: now });
}

function check() {
  const over = model.chart, here = page();
  if (!over || !here || String(over.con) !== here.dataset.qtSymbol) { return; }
  if (!C.base || C.base.con !== over.con || C.base.stamp !== over.stamp) { ask(); return; }
  if (!isMade()) { return; }
  if (C.drawn !== JSON.stringify(furniture())) { dress(); }
  push();
  draw();
}

/* ---- legend, chip, note ---- */
function item(label, value, key) {
  const span = document.createElement("span");
  if (key) {
    const swatch = document.createElement("i");
    swatch.dataset.layer = key;
    span.append(swatch);
  }
  const strong = document.createElement("b");
  strong.textContent = value;
  span.append(label + " ", strong);
  return span;
}

function legendOf(row) {
  const dec = C.base.dec, out = [], over = model.chart || {};
  [["O", row.o], ["H", row.h], ["L", row.lo], ["C", row.c]].forEach((pair) => { out.push(item(pair[0], fmt.number(pair[1], dec))); });
  out.push(item("V", short(row.v)));
  if (isOn("ema")) {
    out.push(item("EMA " + C.base.lens[0], fmt.number(row.f, dec), "f"), item("EMA " + C.base.lens[1], fmt.number(row.s, dec), "s"));
  }
  if (isOn("vwap") && C.base.tf !== "1D") { out.push(item("VWAP", fmt.number(row.w, dec), "w")); }
  if (isOn("level")) { out.push(item("Level", fmt.number(C.base.tf === "1m" && C.pointed ? row.l : over.level, dec), "l")); }
  if (isOn("surge") && C.base.surge) { out.push(item(fmt.number(C.base.surge, 1) + " × SMA20", short(row.n), "n")); }
  return out;
}

function short(volume) {
  if (!has(volume)) { return fmt.MISSING; }
  if (volume >= 1e6) { return fmt.number(volume / 1e6, 1) + " M"; }
  return volume >= 1e4 ? fmt.number(volume / 1e3, 0) + " k" : fmt.number(volume, 0);
}

function drawLegend() {
  const holder = document.querySelector("[data-qt-legend]");
  if (!holder || !C.rows.length) { return; }
  const row = (C.pointed && C.at.get(C.pointed)) || C.rows[C.rows.length - 1];
  const head = document.createElement("span");
  head.className = "qt-soft";
  head.textContent = C.pointed ? timeText(row.t) : C.base.tf;
  head.title = C.base.zone ? "Times in " + C.base.zone : "";
  holder.replaceChildren(...[head].concat(legendOf(row)));
}

function two(value) { return ("0" + value).slice(-2); }
function timeText(shown) {
  const row = C.at.get(shown), label = row && row.label;
  const d = new Date(shown * 1000), day = d.getUTCDate() + " " + d.toLocaleString("en-GB", { month: "short", timeZone: "UTC" });
  return C.base.tf === "1D" ? day + " " + d.getUTCFullYear() : day + " " + (label || two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()));
}

function visible() {
  const from = C.view ? Math.max(0, Math.floor(C.view.from)) : Math.max(0, C.points.length - 110);
  const to = C.view ? Math.ceil(C.view.to) : C.points.length;
  return C.points.slice(from, to + 1).filter((row) => { return !row.empty; });
}

function drawChip() {
  const chip = document.querySelector("[data-qt-chip]"), over = model.chart || {}, rows = visible();
  if (!chip) { return; }
  const last = C.rows.length ? C.rows[C.rows.length - 1].c : null;
  const low = Math.min(...rows.map((row) => { return row.lo; }));
  const high = Math.max(...rows.map((row) => { return row.h; })), margin = (high - low) * 0.09;
  const side = !rows.length || !has(over.cost) || !isOn("cost") || !C.base || over.con !== C.base.con ? 0 :
    over.cost > high + margin ? 1 : over.cost < low - margin ? -1 : 0;
  chip.hidden = side === 0;
  if (!side) { return; }
  const text = (side > 0 ? fmt.UP : fmt.DOWN) + " avg cost " + fmt.number(over.cost, C.base.dec) + ", off scale" +
    (last > 0 ? ": " + fmt.signed((over.cost / last - 1) * 100, 1) + " % from here" : "");   // no base below zero
  if (chip.textContent !== text) { chip.textContent = text; }
  chip.dataset.side = side > 0 ? "top" : "bottom";
}

function clockText(shown) { return timeText(shown).split(" ").slice(2).join(" "); }
function spanText(from, to) { return clockText(from) + "–" + clockText(to); }

function drawNote() {
  const note = document.querySelector("[data-qt-chart-note]");
  if (!note || !C.base) { return; }
  const words = [], live = C.rows.some((row) => { return row.src === "s"; });
  const mended = C.rows.filter((row) => { return row.src === "r"; });
  if (C.base.tf !== "1D" && C.rows.some((row) => { return row.src === "h"; })) { words.push("grey strip: bars from history" + (live ? "" : ", none streamed yet")); }
  if (mended.length && C.base.tf !== "1D") { words.push("pale: completed from history " + spanText(mended[0].t, mended[mended.length - 1].t + C.base.size)); }
  (C.base.holes || []).slice(-2).forEach((hole) => {
    words.push("no data " + spanText(hole[0], hole[0] + hole[1] * C.base.size) + " (" + hole[1] + (hole[1] === 1 ? " bar)" : " bars)"));
  });
  const text = isOn("history") ? words.join(" · ") : "";
  if (note.textContent !== text) { note.textContent = text; }
}

function draw() { drawLegend(); drawChip(); drawNote(); }

/* ---- called by Dash ---- */
function none() { return noUpdate(); }
clientside("qtCandles", {
  based (base) {
    const here = page();
    if (!base || !here || String(base.con) !== here.dataset.qtSymbol) { return none(); }
    const other = !C.base || C.base.con !== base.con || C.base.tf !== base.tf;
    if (base.t.length) { setRows(base); } else { C.base = null; C.rows = []; C.points = []; C.at = new Map(); }
    if (other) { C.pointed = null; }
    redraw();
    if (other) { resetZoom(); }
    return none();
  },
  layered (chosen) {
    C.layers = chosen;
    const count = document.querySelector("[data-qt-layer-count]");
    if (count) { count.textContent = String((chosen || []).length); }
    if (C.base) { redraw(); }
    return none();
  },
  sided (side) {
    const card = document.getElementById("symbol-why");
    if (card) { card.dataset.side = side; }
    return none();
  }
});

/* As it began: the newest bars at their usual width, and every scale fitted to them. */
function resetZoom() {
  if (!C.chart) { return; }
  C.series.forEach((series) => { series.priceScale().applyOptions({ autoScale: true }); });
  C.chart.timeScale().resetTimeScale();
}

document.addEventListener("click", (event) => {
  if (event.target.closest && event.target.closest("[data-qt-reset]")) { resetZoom(); }
});
onPart("chart", check);
onPart("tail", (name) => { if (C.base && name === "bars-" + C.base.tf) { check(); } });
/* Another page, another symbol: nothing of the former one may be drawn, asked for or said. */
function clear() {
  C.base = null; C.rows = []; C.points = []; C.at = new Map(); C.view = C.pointed = null;
  C.asked = 0; C.drawn = null;
  document.querySelectorAll("[data-qt-legend], [data-qt-chart-note]").forEach((box) => { box.replaceChildren(); });
}
onAddress(() => { clear(); if (C.chart) { redraw(); } });
onNodes(() => {
  if (!page() && C.base) { clear(); }
  if (C.chart && !C.host.isConnected) { unmake(); }
});
waitFor((card) => {
  const here = page(), chart = here && document.getElementById(CHART);
  return !!chart && card.contains(chart) && (!C.base || String(C.base.con) !== here.dataset.qtSymbol);
});
