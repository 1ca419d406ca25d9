/**
 * The candle chart of the Symbol page, on TradingView's Lightweight Charts. The base comes as columns through a store, the
 * newest bars with each poll in "tail:bars-<timeframe>", what lies over them in "chart". Bars are known by their time, so a
 * bar that comes twice is drawn once; a base is asked for again when bars before the tail have changed or are missing.
 */
import { onAddress } from "../core/address.mjs";
import { barOf, follower, has, needed, pointsOf, renew, rowsOf } from "../core/candle-rows.mjs";
import { waitFor } from "../core/cards.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { make, maybe, setData, setText, within } from "../core/dom.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import {
  AreaSeries, BarSeries, CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineSeries
} from "../vendor/lightweight-charts.mjs";
import { onTripMarks, tripMarks } from "./trip-marks.mjs";

/** @typedef {import("../core/candle-rows.mjs").Base} Base */
/** @typedef {import("../core/candle-rows.mjs").Row} Row */
/** @typedef {import("../core/candle-rows.mjs").Point} Point */
/** @typedef {import("../core/candle-rows.mjs").Bar} Bar */
/** @typedef {import("../core/candle-rows.mjs").Value} Value */
/** @typedef {"long" | "short" | "bought" | "sold" | "entry" | "gain" | "loss" | "exit"} MarkKind */
/** Part "chart". @typedef {{con?: number, stamp?: string, at?: number, level?: Value, trigger?: Value,
 *   range?: [number, number] | null, cost?: Value, vwap?: Value, tone?: string, filling?: boolean | null,
 *   alerts?: Array<[price: number, ...rest: any]>,
 *   marks?: Array<[kind: MarkKind, time: number, price: number, text: string]>}} Over */
/** @typedef {{price: number, title: string, color: string, lineWidth: number, lineStyle: number,
 *   axisLabelVisible: boolean, lineVisible?: boolean}} PriceLine */
/** @typedef {{time: number, position: string, shape: string, color: string, text: string, price?: number,
 *   size?: number}} Marker */
/** What the library has no types for here. @typedef {any} Drawn */

const CHART = "symbol-chart", REBASE = "symbol-rebase", ASK_PAUSE_MS = 1500, TAIL_S = 240, FADE = "6b", CLEAR = "rgba(0,0,0,0)";
const HALF_LETTER_PX = 3.2;   // a mark's words are centred on it
const css = getComputedStyle(document.documentElement);
const C = {
  base: /** @type {Base | null} */ (null),
  rows: /** @type {Row[]} */ ([]),
  at: /** @type {Map<number, Row>} */ (new Map()),
  points: /** @type {Point[]} */ ([]),
  view: /** @type {{from: number, to: number} | null} */ (null),
  pointed: /** @type {number | null} */ (null),
  layers: /** @type {string[] | null} */ (null),
  asked: 0, again: 0, seen: 0,
  drawn: /** @type {string | null} */ (null),
  host: /** @type {HTMLElement | null} */ (null),
  chart: /** @type {Drawn} */ (null),
  series: /** @type {Map<string, Drawn>} */ (new Map()),
  marks: /** @type {Drawn} */ (null),
  lines: /** @type {Drawn[]} */ ([]),
  last: /** @type {Drawn} */ (null),
  /* for whoever looks into the page */
  range: () => C.chart && C.chart.timeScale().getVisibleLogicalRange(),
  lastOf: (/** @type {string} */ id) => C.series.get(id).data().at(-1),
  tag: () => C.last && C.last.options().price,
};
export const candles = C;

/** Told of the price at which the chart is clicked. @type {Array<(price: number) => void>} */
const priceListeners = [];
/** @param {(price: number) => void} fn */
export function onPrice(fn) {
  priceListeners.push(fn);
}

/** @param {string} name */
const colour = (name) => css.getPropertyValue(`--qt-${name}`).trim();
const page = () => maybe(document, "[data-qt-symbol]");
/** @param {string} layer */
const isOn = (layer) => !C.layers || C.layers.includes(layer);
/** @returns {Over} */
const overlay = () => model.chart ?? {};

/** @param {Base} base */
function setRows(base) {
  C.base = base;
  C.seen = base.at;
  C.rows = rowsOf(base);
  C.points = pointsOf(C.rows, base);
  C.at = new Map(C.rows.map((row) => [row.t, row]));
}

function forgetRows() {
  C.base = null;
  C.rows = [];
  C.points = [];
  C.at = new Map();
}

/* ---- one bar as a point of each series ---- */

/** @param {"n" | "f" | "s" | "w" | "l"} key @param {Point} row */
function line(key, row) {
  const value = row.empty ? null : row[key];
  if (row.empty || !has(value)) {
    return { time: row.t };
  }
  const next = row.next, isOfSession = key === "w" || key === "l";
  const isCut = row.hole || (next !== null && isOfSession && (next.cut || !has(next[key])));   // the way to the next
  return { time: row.t, value, ...(isCut ? { color: CLEAR } : {}) };
}

/** @param {Point} row */
function candle(row) {
  if (row.empty) {
    return { time: row.t };
  }
  const point = { time: row.t, open: row.o, high: row.h, low: row.lo, close: row.c };
  if (row.src !== "r" || !isOn("history")) {
    return point;
  }
  const ink = colour(row.c >= row.o ? "gain" : "loss") + FADE;
  return { ...point, borderColor: ink, wickColor: ink, color: row.c >= row.o ? colour("card") : ink };
}

/** @param {Point} row */
function volume(row) {
  return row.empty || !has(row.v) ? { time: row.t } :
    { time: row.t, value: row.v, color: colour(row.c >= row.o ? "volume" : "axis") };
}

/** @param {Point} row */
function strip(row) {
  return row.empty || row.src === "s" || C.base?.tf === "1D" ? { time: row.t } :
    { time: row.t, value: 1, color: colour(row.src === "v" ? "accent-line" : "axis") };
}

/** @type {Record<string, (row: Point) => object>} */
const POINT = {
  unit: (row) => ({ time: row.t, open: 0, high: 1, low: 0, close: 1 }),
  shade: (row) => ({ time: row.t, value: !row.empty && row.off ? 1 : 0 }),
  strip, px: candle, v: volume,
  n: (row) => line("n", row), f: (row) => line("f", row), s: (row) => line("s", row), w: (row) => line("w", row),
  l: (row) => line("l", row),
};
/** @type {Record<string, string>} */
const LAYER = { n: "surge", f: "ema", s: "ema", w: "vwap", l: "level", strip: "history" };

/* ---- what lies over the candles ---- */

/** @param {Base} base @param {Over} over @returns {PriceLine[]} */
function priceLines(base, over) {
  /** @type {PriceLine[]} */
  const lines = [];
  /** @param {Value} price @param {string} title @param {string} ink @param {number} style @param {Partial<PriceLine>} options */
  const add = (price, title, ink, style, options) => {
    if (has(price)) {
      lines.push({ price, title, color: colour(ink), lineWidth: 1, lineStyle: style, axisLabelVisible: true, ...options });
    }
  };
  if (isOn("level")) {
    add(over.level, "level", "warn", 1, { lineVisible: base.tf !== "1m" });
  }
  if (isOn("range") && over.range && base.size <= 900) {
    add(over.range[1], "OR low", "vwap", 4, { axisLabelVisible: false });
    add(over.range[0], "OR high", "vwap", 4, { axisLabelVisible: false });
  }
  if (isOn("cost")) {
    add(over.cost, "avg cost", "text-2", 0, {});
  }
  (over.alerts ?? []).forEach(([price]) => add(price, "alert", "accent", 2, {}));
  return lines;
}

/** @type {Record<MarkKind, {position: string, shape: string, ink: string}>} */
const SHAPES = {
  long: { position: "belowBar", shape: "arrowUp", ink: "accent" },
  short: { position: "aboveBar", shape: "arrowDown", ink: "accent" },
  bought: { position: "atPriceMiddle", shape: "circle", ink: "text" },
  sold: { position: "atPriceMiddle", shape: "circle", ink: "text" },
  entry: { position: "atPriceMiddle", shape: "circle", ink: "accent" },
  gain: { position: "atPriceMiddle", shape: "square", ink: "gain" },
  loss: { position: "atPriceMiddle", shape: "square", ink: "loss" },
  exit: { position: "atPriceMiddle", shape: "square", ink: "text-2" },
};

/** @param {Base} base @param {Over} over @returns {Marker[]} */
function markers(base, over) {
  if (!isOn("marks")) {
    return [];
  }
  const trips = tripMarks(over.con ?? 0);
  const isOfTrip = (/** @type {NonNullable<Over["marks"]>[0]} */ [kind, at, price]) =>   // a fill that opened or closed one
    (kind === "bought" || kind === "sold") && trips.some((trip) => trip[1] === at && trip[2] === price);
  const marks = [...(over.marks ?? []).filter((mark) => !isOfTrip(mark)), ...trips].flatMap(([kind, at, price, text]) => {
    const time = barOf(C.rows, at, base.size), { position, shape, ink } = SHAPES[kind];
    if (time === null) {
      return [];
    }
    return [{ time, position, shape, color: colour(ink), text, ...(position === "atPriceMiddle" ? { price, size: 0.6 } : {}) }];
  });
  return [...marks, ...gapMarks(base)].map(uncut).sort((a, b) => a.time - b.time);
}

/** Words that the right edge would cut are left out: the table below the chart has them. @param {Marker} mark */
function uncut(mark) {
  const x = C.chart?.timeScale().timeToCoordinate(mark.time) ?? null, width = C.chart?.timeScale().width() ?? 0;
  return x !== null && width - x < mark.text.length * HALF_LETTER_PX ? { ...mark, text: "" } : mark;
}

/** Where bars are missing, and where the history has filled in afterwards: said at the place itself. @param {Base} base */
function gapMarks(base) {
  /** @type {Marker[]} */
  const out = [];
  const say = (/** @type {number} */ time, /** @type {string} */ text) =>
    out.push({ time, position: "aboveBar", shape: "square", size: 0, color: colour("text-3"), text });
  if (!isOn("history") || base.tf === "1D") {
    return out;
  }
  base.holes.forEach(([start, missing]) => {
    const before = barOf(C.rows, start - 1, base.size);
    if (before !== null) {
      say(before, `no data ${spanText(start, start + missing * base.size)}`);
    }
  });
  /** @type {Row | null} */
  let from = null;
  C.rows.forEach((row, i) => {
    if (row.src !== "r") {
      return;
    }
    from = from ?? row;
    if (C.rows[i + 1]?.src !== "r") {
      say(from.t, `from history ${spanText(from.t, row.t + base.size)}`);
      from = null;
    }
  });
  return out;
}

function furniture() {
  const over = overlay(), base = C.base && over.con === C.base.con ? C.base : null;
  const ink = colour(over.tone === "gain" || over.tone === "loss" ? over.tone : "text-2");
  return { lines: base ? priceLines(base, over) : [], marks: base ? markers(base, over) : [], ink };
}

/* ---- the chart in the library ---- */

/** @type {Record<string, Drawn>} */
const KINDS = { area: AreaSeries, bar: BarSeries, candlestick: CandlestickSeries, histogram: HistogramSeries, line: LineSeries };

/** Its looks are declared in app/components/candles.py; only functions are added here. @param {HTMLElement} host */
function makeChart(host) {
  const declared = (/** @type {string} */ name) => JSON.parse(host.dataset[name] ?? "null"), options = declared("options");
  options.timeScale.tickMarkFormatter = (/** @type {number} */ time) => (C.at.get(time)?.label ? clockText(time) : null);
  options.localization = { timeFormatter: (/** @type {number} */ time) => (C.base ? timeText(time) : "") };
  const chart = /** @type {Drawn} */ (createChart(host, { ...options, autoSize: true }));
  C.host = host;
  C.chart = chart;
  C.series = new Map(declared("series").map((/** @type {any} */ spec) => {
    const series = chart.addSeries(KINDS[spec.type], spec.options, spec.pane || 0);
    if (spec.priceScaleOptions) {
      series.priceScale().applyOptions(spec.priceScaleOptions);
    }
    return [spec.id, series];
  }));
  declared("panes").forEach((/** @type {number} */ share, /** @type {number} */ i) => chart.panes()[i].setStretchFactor(share));
  C.marks = createSeriesMarkers(C.series.get("px"), []);
  C.lines = [];
  C.last = null;
  chart.timeScale().subscribeVisibleLogicalRangeChange((/** @type {typeof C.view} */ range) => {
    C.view = range;
    drawChip();
  });
  chart.subscribeClick((/** @type {{point?: {y: number}, paneIndex?: number}} */ at) => {
    const price = at.point && (at.paneIndex ?? 0) === 0 ? C.series.get("px").coordinateToPrice(at.point.y) : null;
    if (price !== null) {
      priceListeners.forEach((fn) => fn(price));
    }
  });
  chart.subscribeCrosshairMove((/** @type {{time?: number}} */ at) => {
    const time = at.time !== undefined && C.at.has(at.time) ? at.time : null;
    if (time !== C.pointed) {
      C.pointed = time;
      drawLegend();
    }
  });
}

function unmake() {
  C.chart?.remove();
  C.host = C.chart = C.marks = C.last = null;
  C.series = new Map();
  C.lines = [];
}

/** False = the page has no chart now. */
function isMade() {
  const host = document.getElementById(CHART);
  if (host !== C.host) {
    unmake();
  }
  if (host && !C.chart) {
    makeChart(host);
  }
  return !!C.chart;
}

function dress() {
  const over = furniture(), price = C.series.get("px");
  C.series.forEach((series, id) => {
    const visible = !LAYER[id] || isOn(LAYER[id]);
    if (series.options().visible !== visible) {
      series.applyOptions({ visible });
    }
  });
  [...C.lines, C.last].filter(Boolean).forEach((drawn) => price.removePriceLine(drawn));
  C.lines = over.lines.map((options) => price.createPriceLine(options));
  C.last = null;
  drawLast(over.ink);
  C.marks.setMarkers(over.marks);
  C.drawn = JSON.stringify(over);
}

/** The tag of the last price: the library's own is that of the last bar in view. @param {string} [ink] */
function drawLast(ink) {
  const newest = C.rows.at(-1);
  if (!newest || !C.chart) {
    return;
  }
  if (!C.last) {
    C.last = C.series.get("px").createPriceLine({ price: newest.c, lineWidth: 1, lineStyle: 1, axisLabelVisible: true, title: "" });
  }
  const { price, color } = C.last.options();
  if (price !== newest.c || (ink ?? color) !== color) {
    C.last.applyOptions({ price: newest.c, color: ink ?? color });
  }
}

/** All of it, as the base says: nothing of what was drawn before stays. */
function redraw() {
  if (!isMade()) {
    return;
  }
  if (C.base) {
    const formatter = (/** @type {number} */ price) => fmt.number(price, C.base?.dec ?? 2);
    C.series.get("px").applyOptions({ priceFormat: { type: "custom", minMove: C.base.tick || 0.01, formatter } });
  }
  C.series.forEach((series, id) => series.setData(C.points.map(POINT[id])));
  if (C.base) {
    dress();
    push();
    draw();
  }
}

/* ---- the newest bars ---- */

/** The row that has changed; null = it says what it said. @param {Base} base @param {number} time @param {Bar} bar
 * @param {Row | null} before @param {boolean} isLast */
function taken(base, time, bar, before, isLast) {
  const known = C.at.get(time), row = known ?? follower(time, bar[6] ?? "", /** @type {Row} */ (before)), over = overlay();
  const isFresh = renew(row, bar, before, base.lens, {
    ...(isLast && base.tf !== "1D" ? { w: over.vwap } : {}), ...(isLast && base.tf === "1m" ? { l: over.level } : {}),
  });
  if (!known) {
    row.n = needed(C.rows, C.rows.length, base.surge);
    C.rows.push(row);
    C.points.push(row);
    C.at.set(time, row);
    if (before) {
      before.next = row;
    }
  }
  return isFresh || !known ? row : null;
}

function push() {
  const base = C.base, over = overlay();
  /** @type {Record<string, Bar> | null} */
  const tail = base && model[`tail:bars-${base.tf}`];
  if (!base || !tail || !C.rows.length || over.con !== base.con || !C.chart || !has(over.at)) {
    return;
  }
  if (over.at - C.seen > TAIL_S) {
    ask();   // this tab slept: bars between were never seen here
    return;
  }
  C.seen = over.at;
  const times = Object.keys(tail).map(Number).sort((a, b) => a - b);
  for (const [i, time] of times.entries()) {
    const at = C.at.get(time), newest = C.rows[C.rows.length - 1];
    if (!at && time < newest.t) {
      ask();
      return;
    }
    const before = at ? C.rows[C.rows.indexOf(at) - 1] ?? null : newest;
    const row = taken(base, time, tail[time], before, i === times.length - 1);
    if (row) {
      C.series.forEach((series, id) => series.update(POINT[id](row), time < newest.t));
    }
  }
  drawLast();
}

/** Asks for the base, not more often than the pause allows; looks again after it, for a quiet market calls nobody. */
function ask() {
  const now = performance.now(), wait = C.asked ? C.asked + ASK_PAUSE_MS - now : 0;
  window.clearTimeout(C.again);
  C.again = window.setTimeout(check, wait > 0 ? wait : ASK_PAUSE_MS);
  if (wait > 0 || !document.getElementById(CHART)) {
    return;
  }
  C.asked = now;
  setProps(REBASE, { data: now });
}

function check() {
  const over = overlay(), here = page();
  if (!here || String(over.con) !== here.dataset.qtSymbol) {
    return;
  }
  if (!C.base || C.base.con !== over.con || C.base.stamp !== over.stamp) {
    ask();
    return;
  }
  if (!isMade()) {
    return;
  }
  if (C.drawn !== JSON.stringify(furniture())) {
    dress();
  }
  push();
  draw();
}

/* ---- legend, chip, note ---- */

/** @param {string} label @param {string} value @param {string} [key] */
function item(label, value, key) {
  const span = make("span"), strong = make("b", "", value);
  if (key) {
    const swatch = make("i");
    swatch.dataset.layer = key;
    span.append(swatch);
  }
  span.append(`${label} `, strong);
  return span;
}

/** @param {Base} base @param {Row} row */
function legendOf(base, row) {
  const over = overlay(), price = (/** @type {Value} */ value) => fmt.number(value, base.dec);
  const isPast = C.pointed !== null && base.tf === "1m";
  return [
    item("O", price(row.o)), item("H", price(row.h)), item("L", price(row.lo)), item("C", price(row.c)), item("V", short(row.v)),
    ...(isOn("ema") ? [item(`EMA ${base.lens[0]}`, price(row.f), "f"), item(`EMA ${base.lens[1]}`, price(row.s), "s")] : []),
    ...(isOn("vwap") && base.tf !== "1D" ? [item("VWAP", price(row.w), "w")] : []),
    ...(isOn("level") ? [item("Level", price(isPast ? row.l : over.level), "l")] : []),
    ...(isOn("level") && !isPast && has(over.trigger) ? [item("Trigger", price(over.trigger))] : []),
    ...(isOn("surge") && base.surge ? [item(`${fmt.number(base.surge, 1)} × SMA20`, short(row.n), "n")] : []),
  ];
}

/** @param {Value} value */
function short(value) {
  if (!has(value)) {
    return fmt.MISSING;
  }
  if (value >= 1e6) {
    return `${fmt.number(value / 1e6, 1)} M`;
  }
  return value >= 1e4 ? `${fmt.number(value / 1e3, 0)} k` : fmt.number(value, 0);
}

function drawLegend() {
  const holder = maybe(document, "[data-qt-legend]"), newest = C.rows.at(-1), base = C.base;
  if (!holder || !newest || !base) {
    return;
  }
  const row = (C.pointed !== null && C.at.get(C.pointed)) || newest;
  const head = make("span", "qt-soft", C.pointed !== null ? timeText(row.t) : base.tf);
  head.title = base.zone ? `Times in ${base.zone}` : "";
  holder.replaceChildren(head, ...legendOf(base, row));
}

/** @param {number} shown */
function timeText(shown) {
  const label = C.at.get(shown)?.label, d = new Date(shown * 1000);
  const day = `${d.getUTCDate()} ${d.toLocaleString("en-GB", { month: "short", timeZone: "UTC" })}`;
  return C.base?.tf === "1D" ? `${day} ${d.getUTCFullYear()}` :
    `${day} ${label || `${fmt.two(d.getUTCHours())}:${fmt.two(d.getUTCMinutes())}`}`;
}

/** @param {number} shown */
const clockText = (shown) => timeText(shown).split(" ").slice(2).join(" ");
/** @param {number} from @param {number} to */
const spanText = (from, to) => `${clockText(from)}–${clockText(to)}`;

/** @returns {Row[]} */
function visible() {
  const from = C.view ? Math.max(0, Math.floor(C.view.from)) : Math.max(0, C.points.length - 110);
  const to = C.view ? Math.ceil(C.view.to) : C.points.length;
  return C.points.slice(from, to + 1).flatMap((row) => (row.empty ? [] : [row]));
}

/** Where the average cost lies above or below what is in view: 1, -1, else 0. @param {Over} over */
function sideOfCost(over) {
  const rows = visible(), low = Math.min(...rows.map((row) => row.lo)), high = Math.max(...rows.map((row) => row.h));
  const margin = (high - low) * 0.09;
  if (!rows.length || !has(over.cost) || !isOn("cost") || over.con !== C.base?.con) {
    return 0;
  }
  return over.cost > high + margin ? 1 : over.cost < low - margin ? -1 : 0;
}

function drawChip() {
  const chip = maybe(document, "[data-qt-chip]"), over = overlay(), last = C.rows.at(-1)?.c ?? null, side = sideOfCost(over);
  if (!chip) {
    return;
  }
  chip.hidden = side === 0;
  if (!side || !has(over.cost)) {
    return;
  }
  const away = last !== null && last > 0 ? `: ${fmt.signed((over.cost / last - 1) * 100, 1)} % from here` : "";   // no base below zero
  setText(chip, `${side > 0 ? fmt.UP : fmt.DOWN} avg cost ${fmt.number(over.cost, C.base?.dec)}, off scale${away}`);
  setData(chip, "side", side > 0 ? "top" : "bottom");
}

function drawNote() {
  const note = maybe(document, "[data-qt-chart-note]"), base = C.base;
  if (!note || !base) {
    return;
  }
  const mended = C.rows.filter((row) => row.src === "r"), isDaily = base.tf === "1D", first = mended[0], end = mended.at(-1);
  const words = overlay().filling && !isDaily ? ["filling from history …"] : [];
  if (!isDaily && C.rows.some((row) => row.src === "h")) {
    words.push(`grey strip: bars from history${C.rows.some((row) => row.src === "s") ? "" : ", none streamed yet"}`);
  }
  if (!isDaily && first && end) {
    words.push(`pale: completed from history ${spanText(first.t, end.t + base.size)}`);
  }
  base.holes.slice(-2).forEach(([start, missing]) =>
    words.push(`no data ${spanText(start, start + missing * base.size)} (${missing}${missing === 1 ? " bar)" : " bars)"}`));
  setText(note, isOn("history") ? words.join(" · ") : "");
}

function draw() {
  drawLegend();
  drawChip();
  drawNote();
}

/* ---- called by Dash ---- */

clientside("qtCandles", {
  based(/** @type {Base | null} */ base) {
    const here = page();
    if (!base || !here || String(base.con) !== here.dataset.qtSymbol) {
      return noUpdate();
    }
    const isOther = !C.base || C.base.con !== base.con || C.base.tf !== base.tf;
    if (base.t.length) {
      setRows(base);
    } else {
      forgetRows();
    }
    if (isOther) {
      C.pointed = null;
    }
    redraw();
    if (isOther) {
      resetZoom();
    }
    return noUpdate();
  },
  layered(/** @type {string[] | null} */ chosen) {
    C.layers = chosen;
    const count = maybe(document, "[data-qt-layer-count]");
    if (count) {
      setText(count, String((chosen ?? []).length));
    }
    if (C.base) {
      redraw();
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

/** As it began: the newest bars at their usual width, and every scale fitted to them. */
function resetZoom() {
  if (C.chart) {
    C.series.forEach((series) => series.priceScale().applyOptions({ autoScale: true }));
    C.chart.timeScale().resetTimeScale();
  }
}

document.addEventListener("click", (event) => {
  if (within(event, "[data-qt-reset]")) {
    resetZoom();
  }
});
onPart("chart", check);
onTripMarks(check);
onPart("tail", (name) => {
  if (C.base && name === `bars-${C.base.tf}`) {
    check();
  }
});

/** Another page, another symbol: nothing of the former one may be drawn, asked for or said. */
function clear() {
  forgetRows();
  C.view = C.pointed = C.drawn = null;
  C.asked = 0;
  document.querySelectorAll("[data-qt-legend], [data-qt-chart-note]").forEach((box) => box.replaceChildren());
}
onAddress(() => {
  clear();
  if (C.chart) {
    redraw();
  }
});
onNodes(() => {
  if (!page() && C.base) {
    clear();
  }
  if (C.host && !C.host.isConnected) {
    unmake();
  }
});
waitFor((card) => {
  const here = page(), chart = here && document.getElementById(CHART);
  return !!here && !!chart && card.contains(chart) && String(C.base?.con) !== here.dataset.qtSymbol;
});
