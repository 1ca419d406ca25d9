/**
 * One candle chart on TradingView's Lightweight Charts. The base comes as columns, the newest bars with each poll, what lies
 * over them as furniture; who has it on his page says where these are (`Site`). Bars are known by their time, so a bar that
 * comes twice is drawn once; a base is asked for again when bars before the tail have changed or are missing.
 */
import { barOf, follower, has, needed, pointsOf, renew, rowsOf } from "./candle-rows.mjs";
import { make, setData, setText } from "./dom.mjs";
import * as fmt from "./format.mjs";
import {
  AreaSeries, BarSeries, CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineSeries
} from "../vendor/lightweight-charts.mjs";

/** @typedef {import("./candle-rows.mjs").Base} Base */
/** @typedef {import("./candle-rows.mjs").Row} Row */
/** @typedef {import("./candle-rows.mjs").Point} Point */
/** @typedef {import("./candle-rows.mjs").Bar} Bar */
/** @typedef {import("./candle-rows.mjs").Value} Value */
/** @typedef {"long" | "short" | "bought" | "sold" | "entry" | "gain" | "loss" | "exit"} MarkKind */
/** What is drawn over the candles, part "chart". @typedef {{con?: number, stamp?: string, at?: number, level?: Value,
 *   trigger?: Value, range?: [number, number] | null, cost?: Value, vwap?: Value, tone?: string, filling?: boolean | null,
 *   alerts?: Array<[price: number, ...rest: any]>, levels?: Array<[id: number, price: number, label: string]>,
 *   marks?: Mark[]}} Over */
/** @typedef {[kind: MarkKind, time: number, price: number, text: string]} Mark */
/** @typedef {{price: number, title: string, color: string, lineWidth: number, lineStyle: number,
 *   axisLabelVisible: boolean, lineVisible?: boolean}} PriceLine */
/** @typedef {{time: number, position: string, shape: string, color: string, text: string, price?: number,
 *   size?: number}} Marker */
/** What the library has no types for here. @typedef {any} Drawn */
/**
 * Where a chart is: its element, the contract that is shown there, what its page knows of it. `ask` wants the base again;
 * `layers` null = all; `trips` the contract's round trips; `legend`, `chip` and `note` are elements of the page.
 * @typedef {{host: () => HTMLElement | null, con: () => string | null, over: () => Over | undefined,
 *   tail: (timeframe: string) => Record<string, Bar> | undefined, ask: () => void, layers: () => string[] | null,
 *   legend: () => HTMLElement | null, chip: () => HTMLElement | null, note: () => HTMLElement | null, isBrief?: boolean,
 *   trips?: (con: number) => Mark[]}} Site
 */

const HALF_MOST_MS = 20_000;   // a history that answers later: what there is, is shown
const ASK_PAUSE_MS = 1500, TAIL_S = 240, FADE = "6b", CLEAR = "rgba(0,0,0,0)", VISIBLE = 110;
const HALF_LETTER_PX = 3.2;   // a mark's words are centred on it
const css = getComputedStyle(document.documentElement);

/** @param {string} name */
const colour = (name) => css.getPropertyValue(`--qt-${name}`).trim();

/** @type {Record<string, any>} */
const KINDS = { area: AreaSeries, bar: BarSeries, candlestick: CandlestickSeries, histogram: HistogramSeries, line: LineSeries };
/** Series that a layer shows and hides. @type {Record<string, string>} */
const LAYER = { n: "surge", f: "ema", s: "ema", w: "vwap", l: "level", strip: "history" };
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

export class Candles {
  /** @param {Site} site */
  constructor(site) {
    this.site = site;
    /** @type {Base | null} */
    this.base = null;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Map<number, Row>} */
    this.at = new Map();
    /** @type {Point[]} */
    this.points = [];
    /** What of the time axis is in view, in bars. @type {{from: number, to: number} | null} */
    this.view = null;
    /** Time of the bar under the pointer. @type {number | null} */
    this.pointed = null;
    this.asked = 0;
    this.again = 0;
    /** Since when its bars are waited for; null = they were whole once. @type {number | null} */
    this.waits = performance.now();
    this.seen = 0;
    /** @type {string | null} */
    this.drawn = null;
    /** @type {HTMLElement | null} */
    this.host = null;
    /** The library's chart. @type {Drawn} */
    this.chart = null;
    /** @type {Map<string, Drawn>} */
    this.series = new Map();
    /** @type {Drawn} */
    this.marks = null;
    /** @type {Drawn[]} */
    this.lines = [];
    /** The tag of the last price. @type {Drawn} */
    this.last = null;
    /** A level under the pointer's hand, and where it is. @type {{id: number, price: number} | null} */
    this.dragged = null;
    /** Hear of another part of the time axis in view. @type {Array<() => void>} */
    this.onView = [];
    /** Hear of the price at which the chart is clicked. @type {Array<(price: number) => void>} */
    this.onPrice = [];
  }

  /* ---- for whoever looks into the page ---- */
  range() {
    return this.chart?.timeScale().getVisibleLogicalRange();
  }

  /** @param {string} id */
  lastOf(id) {
    return this.series.get(id).data().at(-1);
  }

  tag() {
    return this.last?.options().price;
  }

  /** @param {string} layer */
  isOn(layer) {
    const chosen = this.site.layers();
    return !chosen || chosen.includes(layer);
  }

  /** What lies over the candles, if it is of the contract that is drawn. @returns {Over} */
  over() {
    const over = this.site.over();
    return over && this.base && over.con === this.base.con ? over : {};
  }

  /* ---- one bar as a point of each series ---- */
  /** @param {"n" | "f" | "s" | "w" | "l"} key @param {Point} row */
  line(key, row) {
    const value = row.empty ? null : row[key];
    if (row.empty || !has(value)) {
      return { time: row.t };
    }
    const next = row.next, isOfSession = key === "w" || key === "l";
    const isCut = row.hole || (next !== null && isOfSession && (next.cut || !has(next[key])));   // the way to the next
    return { time: row.t, value, ...(isCut ? { color: CLEAR } : {}) };
  }

  /** @param {Point} row */
  candle(row) {
    if (row.empty) {
      return { time: row.t };
    }
    const point = { time: row.t, open: row.o, high: row.h, low: row.lo, close: row.c };
    if (row.src !== "r" || !this.isOn("history")) {
      return point;
    }
    const isUp = row.c >= row.o, ink = colour(isUp ? "gain" : "loss") + FADE;
    return { ...point, borderColor: ink, wickColor: ink, color: isUp ? colour("card") : ink };
  }

  /** @param {string} id of a series @param {Point} row */
  point(id, row) {
    if (id === "px") {
      return this.candle(row);
    }
    if (id === "unit") {
      return { time: row.t, open: 0, high: 1, low: 0, close: 1 };
    }
    if (id === "shade") {
      return { time: row.t, value: !row.empty && row.off ? 1 : 0 };
    }
    if (id === "v") {
      const isBare = row.empty || !has(row.v);
      return isBare ? { time: row.t } : { time: row.t, value: row.v, color: colour(row.c >= row.o ? "volume" : "axis") };
    }
    if (id === "strip") {
      const isBare = row.empty || row.src === "s" || this.base?.tf === "1D";
      return isBare ? { time: row.t } : { time: row.t, value: 1, color: colour(row.src === "v" ? "accent-line" : "axis") };
    }
    return this.line(/** @type {"n" | "f" | "s" | "w" | "l"} */ (id), row);
  }

  /* ---- what lies over the candles ---- */
  /** @param {Base} base @param {Over} over @returns {PriceLine[]} */
  priceLines(base, over) {
    /** @type {PriceLine[]} */
    const lines = [];
    /** @param {Value} price @param {string} title @param {string} ink @param {number} style @param {Partial<PriceLine>} [options] */
    const add = (price, title, ink, style, options = {}) => {
      if (has(price)) {
        lines.push({ price, title, color: colour(ink), lineWidth: 1, lineStyle: style, axisLabelVisible: true, ...options });
      }
    };
    if (this.isOn("level")) {
      add(over.level, "level", "warn", 1, { lineVisible: base.tf !== "1m" });
    }
    if (this.isOn("range") && over.range && base.size <= 900) {
      add(over.range[1], "OR low", "vwap", 4, { axisLabelVisible: false });
      add(over.range[0], "OR high", "vwap", 4, { axisLabelVisible: false });
    }
    if (this.isOn("cost")) {
      add(over.cost, "avg cost", "text-2", 0);
    }
    (over.alerts ?? []).forEach(([price]) => add(price, "alert", "accent", 2));
    if (this.isOn("mine")) {
      (over.levels ?? []).forEach(([id, price, label]) => {
        add(this.dragged?.id === id ? this.dragged.price : price, label, "accent", 0);
      });
    }
    return lines;
  }

  /** @param {Base} base @param {Over} over @returns {Marker[]} */
  markers(base, over) {
    if (!this.isOn("marks")) {
      return [];
    }
    const marks = this.marksOf(base, over).flatMap(([kind, at, price, text]) => {
      const time = barOf(this.rows, at, base.size), { position, shape, ink } = SHAPES[kind];
      if (time === null) {
        return [];
      }
      const isOnBar = position === "atPriceMiddle";   // its words would lie on the candles: they are told when the bar is pointed at
      return [{ time, position, shape, color: colour(ink), text: isOnBar ? "" : text, ...(isOnBar ? { price, size: 0.6 } : {}) }];
    });
    return [...marks, ...this.gapMarks(base)].map((mark) => this.uncut(mark)).sort((a, b) => a.time - b.time);
  }

  /** Signals, fills and round trips, each once. @param {Base} base @param {Over} over @returns {Mark[]} */
  marksOf(base, over) {
    const trips = this.site.trips?.(base.con) ?? [];
    const isOfTrip = (/** @type {Mark} */ [kind, at, price]) =>   // a fill that opened or closed one
      (kind === "bought" || kind === "sold") && trips.some((trip) => trip[1] === at && trip[2] === price);
    return [...(over.marks ?? []).filter((mark) => !isOfTrip(mark)), ...trips];
  }

  /** What happened within a bar. @param {Base} base @param {Row} row */
  saidAt(base, row) {
    const marks = this.isOn("marks") ? this.marksOf(base, this.over()) : [];
    return marks.filter(([, at]) => barOf(this.rows, at, base.size) === row.t)
      .map(([, , price, text]) => `${text} @ ${fmt.number(price, base.dec)}`);
  }

  /** Words that the right edge would cut are left out: the table below the chart has them. @param {Marker} mark */
  uncut(mark) {
    const x = this.chart?.timeScale().timeToCoordinate(mark.time) ?? null, width = this.chart?.timeScale().width() ?? 0;
    return x !== null && width - x < mark.text.length * HALF_LETTER_PX ? { ...mark, text: "" } : mark;
  }

  /** Where bars are missing, and where the history has filled in afterwards: said at the place itself. @param {Base} base */
  gapMarks(base) {
    /** @type {Marker[]} */
    const out = [];
    const say = (/** @type {number} */ time, /** @type {string} */ text) =>
      out.push({ time, position: "aboveBar", shape: "square", size: 0, color: colour("text-3"), text });
    if (!this.isOn("history") || base.tf === "1D" || this.site.isBrief) {
      return out;
    }
    base.holes.forEach(([start, missing]) => {
      const before = barOf(this.rows, start - 1, base.size);
      if (before !== null) {
        say(before, `no data ${this.spanText(start, start + missing * base.size)}`);
      }
    });
    /** @type {Row | null} */
    let from = null;
    this.rows.forEach((row, i) => {
      if (row.src !== "r") {
        return;
      }
      from = from ?? row;
      if (this.rows[i + 1]?.src !== "r") {
        say(from.t, `from history ${this.spanText(from.t, row.t + base.size)}`);
        from = null;
      }
    });
    return out;
  }

  furniture() {
    const over = this.over(), base = has(over.con) ? this.base : null, tone = this.site.over()?.tone;
    return { lines: base ? this.priceLines(base, over) : [], marks: base ? this.markers(base, over) : [],
      ink: colour(tone === "gain" || tone === "loss" ? tone : "text-2") };
  }

  /* ---- the chart in the library ---- */
  /** Its looks are declared in app/components/candles.py; only functions are added here. @param {HTMLElement} host */
  make(host) {
    const options = JSON.parse(host.dataset.options ?? "{}"), specs = JSON.parse(host.dataset.series ?? "[]");
    const labelled = (/** @type {number} */ time) => (this.at.get(time)?.label ? this.clockText(time) : null);
    options.timeScale.tickMarkFormatter = labelled;
    options.localization = { timeFormatter: (/** @type {number} */ time) => (this.base ? this.timeText(time) : "") };
    this.host = host;
    this.chart = createChart(host, { ...options, autoSize: true });
    this.series = new Map(specs.map((/** @type {any} */ spec) => {
      const series = this.chart.addSeries(KINDS[spec.type], spec.options, spec.pane ?? 0);
      if (spec.priceScaleOptions) {
        series.priceScale().applyOptions(spec.priceScaleOptions);
      }
      return [spec.id, series];
    }));
    JSON.parse(host.dataset.panes ?? "[]").forEach((/** @type {number} */ share, /** @type {number} */ i) => {
      this.chart.panes()[i].setStretchFactor(share);
    });
    this.marks = createSeriesMarkers(this.series.get("px"), []);
    this.lines = [];
    this.last = null;
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((/** @type {any} */ range) => {
      this.view = range;
      this.drawChip();
      this.onView.forEach((fn) => fn());
    });
    this.chart.subscribeClick((/** @type {any} */ at) => {
      const price = at.point && (at.paneIndex ?? 0) === 0 ? this.priceAt(at.point.y) : null;
      if (price !== null) {
        this.onPrice.forEach((fn) => fn(price));
      }
    });
    this.chart.subscribeCrosshairMove((/** @type {any} */ at) => {
      const time = has(at.time) && this.at.has(at.time) ? at.time : null;
      if (time !== this.pointed) {
        this.pointed = time;
        this.drawLegend();
      }
    });
  }

  unmake() {
    this.chart?.remove();
    this.host = this.chart = this.marks = this.last = null;
    this.series = new Map();
    this.lines = [];
  }

  /** False = the page has no chart now. */
  isMade() {
    const host = this.site.host();
    if (host !== this.host) {
      this.unmake();
    }
    if (host && !this.chart) {
      this.make(host);
    }
    return Boolean(this.chart);
  }

  dress() {
    const over = this.furniture(), price = this.series.get("px");
    this.series.forEach((series, id) => {
      const visible = !LAYER[id] || this.isOn(LAYER[id]);
      if (series.options().visible !== visible) {
        series.applyOptions({ visible });
      }
    });
    [...this.lines, this.last].filter(Boolean).forEach((drawn) => price.removePriceLine(drawn));
    this.lines = over.lines.map((options) => price.createPriceLine(options));
    this.last = null;
    this.drawLast(over.ink);
    this.marks.setMarkers(over.marks);
    this.drawn = JSON.stringify(over);
  }

  /** The tag of the last price: the library's own is that of the last bar in view. @param {string} [ink] */
  drawLast(ink) {
    const newest = this.rows.at(-1);
    if (!newest || !this.chart) {
      return;
    }
    if (!this.last) {
      const look = { price: newest.c, lineWidth: 1, lineStyle: 1, axisLabelVisible: true, title: "" };
      this.last = this.series.get("px").createPriceLine(look);
    }
    const { price, color } = this.last.options();
    if (price !== newest.c || (ink ?? color) !== color) {
      this.last.applyOptions({ price: newest.c, color: ink ?? color });
    }
  }

  /** All of it, as the base says: nothing of what was drawn before stays. */
  redraw() {
    if (!this.isMade()) {
      return;
    }
    if (this.base) {
      const minMove = this.base.tick || 0.01;
      this.series.get("px").applyOptions({
        priceFormat: { type: "custom", minMove, formatter: (/** @type {number} */ price) => fmt.number(price, this.base?.dec ?? 2) },
      });
    }
    this.series.forEach((series, id) => series.setData(this.points.map((row) => this.point(id, row))));
    if (this.base) {
      this.dress();
      this.push();
      this.draw();
    }
  }

  /** A base that has come, if it is of the contract that the page shows. @param {Base | null} base */
  based(base) {
    const con = this.site.con();
    if (!base || con === null || String(base.con) !== con) {
      return;
    }
    const isOther = !this.base || this.base.con !== base.con || this.base.tf !== base.tf;
    if (base.t.length) {
      this.base = base;
      this.seen = base.at;
      this.rows = rowsOf(base);
      this.points = pointsOf(this.rows, base);
      this.at = new Map(this.rows.map((row) => [row.t, row]));
    } else {
      this.forget();
    }
    if (isOther) {
      this.pointed = null;
    }
    this.redraw();
    if (isOther) {
      this.resetZoom();
    }
  }

  /* ---- the newest bars ---- */
  /** The row that has changed; null = it says what it said. @param {Base} base @param {number} time @param {Bar} bar
   * @param {Row | null} before @param {boolean} isLast */
  taken(base, time, bar, before, isLast) {
    const known = this.at.get(time), row = known ?? follower(time, bar[6] ?? "", /** @type {Row} */ (before)), over = this.over();
    const isFresh = renew(row, bar, before, base.lens, {
      ...(isLast && base.tf !== "1D" ? { w: over.vwap } : {}), ...(isLast && base.tf === "1m" ? { l: over.level } : {}),
    });
    if (!known) {
      row.n = needed(this.rows, this.rows.length, base.surge);
      this.rows.push(row);
      this.points.push(row);
      this.at.set(time, row);
      if (before) {
        before.next = row;
      }
    }
    return isFresh || !known ? row : null;
  }

  push() {
    const base = this.base, over = this.over(), tail = base && this.site.tail(base.tf);
    if (!base || !tail || !this.rows.length || !this.chart || !has(over.at)) {
      return;
    }
    if (over.at - this.seen > TAIL_S) {
      this.ask();   // this tab slept: bars between were never seen here
      return;
    }
    this.seen = over.at;
    const times = Object.keys(tail).map(Number).sort((a, b) => a - b);
    for (const [i, time] of times.entries()) {
      const at = this.at.get(time), newest = this.rows[this.rows.length - 1];
      if (!at && time < newest.t) {
        this.ask();
        return;
      }
      const before = at ? this.rows[this.rows.indexOf(at) - 1] ?? null : newest;
      const row = this.taken(base, time, tail[time], before, i === times.length - 1);
      if (row) {
        this.series.forEach((series, id) => series.update(this.point(id, row), time < newest.t));
      }
    }
    this.drawLast();
  }

  /** Asks for the base, not more often than the pause allows; looks again after it, for a quiet market calls nobody. */
  ask() {
    const now = performance.now(), wait = this.asked ? this.asked + ASK_PAUSE_MS - now : 0;
    window.clearTimeout(this.again);
    this.again = window.setTimeout(() => this.check(), wait > 0 ? wait : ASK_PAUSE_MS);
    if (wait > 0 || !this.site.host()) {
      return;
    }
    this.asked = now;
    this.site.ask();
  }

  /** What is drawn against what is known now. */
  check() {
    const over = this.site.over();
    if (!over || String(over.con) !== this.site.con()) {
      return;
    }
    if (!this.base || this.base.con !== over.con || this.base.stamp !== over.stamp) {
      this.ask();
      return;
    }
    if (!this.isMade()) {
      return;
    }
    if (this.drawn !== JSON.stringify(this.furniture())) {
      this.dress();
    }
    this.push();
    this.draw();
  }

  forget() {
    this.base = null;
    this.rows = [];
    this.points = [];
    this.at = new Map();
  }

  /** Another page, another symbol: nothing of the former one may be drawn, asked for or said. */
  clear() {
    this.forget();
    this.view = this.pointed = this.drawn = null;
    this.asked = 0;
    this.waits = performance.now();
    this.site.legend()?.replaceChildren();
    this.site.note()?.replaceChildren();
  }

  /** Whether what the page shows is not drawn yet; a small chart comes whole, so it waits for the history's bars. */
  isDue() {
    return this.site.host() !== null && (!this.base || String(this.base.con) !== this.site.con() || this.isHalf());
  }

  isHalf() {
    const isFilling = Boolean(this.site.isBrief && this.site.over()?.filling);
    if (this.waits !== null && (!isFilling || performance.now() - this.waits > HALF_MOST_MS)) {
      this.waits = null;
    }
    return this.waits !== null;
  }

  /** As it began: the newest bars at their usual width, and every scale fitted to them. */
  resetZoom() {
    if (this.chart) {
      this.series.forEach((series) => series.priceScale().applyOptions({ autoScale: true }));
      this.chart.timeScale().resetTimeScale();
    }
  }

  /* ---- prices and pixels ---- */
  /** The price at a height of the host, px; null = outside the pane of prices. @param {number} y */
  priceAt(y) {
    const pane = this.chart?.panes()[0]?.getHeight() ?? 0;
    const price = y >= 0 && y <= pane ? this.series.get("px")?.coordinateToPrice(y) : null;
    const tick = this.base?.tick;
    return typeof price === "number" && tick ? Number((Math.round(price / tick) * tick).toFixed(8)) : null;
  }

  /** The height of a price in the host, px; null = it can't be said. @param {number} price */
  heightOf(price) {
    const y = this.series.get("px")?.priceToCoordinate(price);
    return typeof y === "number" ? y : null;
  }

  /* ---- legend, chip, note ---- */
  /** @param {Base} base @param {Row} row */
  legendOf(base, row) {
    const over = this.over(), price = (/** @type {Value} */ value) => fmt.number(value ?? null, base.dec);
    const isPast = this.pointed !== null && base.tf === "1m", isOn = (/** @type {string} */ layer) => this.isOn(layer) && !this.site.isBrief;
    return [
      item("O", price(row.o)), item("H", price(row.h)), item("L", price(row.lo)), item("C", price(row.c)), item("V", shortVolume(row.v)),
      ...(isOn("ema") ? [item(`EMA ${base.lens[0]}`, price(row.f), "f"), item(`EMA ${base.lens[1]}`, price(row.s), "s")] : []),
      ...(isOn("vwap") && base.tf !== "1D" ? [item("VWAP", price(row.w), "w")] : []),
      ...(isOn("level") ? [item("Level", price(isPast ? row.l : over.level), "l")] : []),
      ...(isOn("level") && !isPast && has(over.trigger) ? [item("Trigger", price(over.trigger))] : []),
      ...(isOn("surge") && base.surge ? [item(`${fmt.number(base.surge, 1)} × SMA20`, shortVolume(row.n), "n")] : []),
    ];
  }

  drawLegend() {
    const holder = this.site.legend(), newest = this.rows.at(-1), base = this.base;
    if (!holder || !newest || !base) {
      return;
    }
    const row = (this.pointed !== null && this.at.get(this.pointed)) || newest;
    const head = make("span", "qt-soft", this.pointed !== null ? this.timeText(row.t) : base.tf);
    head.title = base.zone ? `Times in ${base.zone}` : "";
    const said = this.pointed === null ? [] : this.saidAt(base, row);   // over the chart: the line itself must not grow
    holder.replaceChildren(head, ...this.legendOf(base, row), ...(said.length ? [make("div", "qt-legend-said", said.join(" · "))] : []));
  }

  /** @param {number} shown */
  timeText(shown) {
    const label = this.at.get(shown)?.label, d = new Date(shown * 1000);
    const day = `${d.getUTCDate()} ${d.toLocaleString("en-GB", { month: "short", timeZone: "UTC" })}`;
    const clock = label || `${fmt.two(d.getUTCHours())}:${fmt.two(d.getUTCMinutes())}`;
    return this.base?.tf === "1D" ? `${day} ${d.getUTCFullYear()}` : `${day} ${clock}`;
  }

  /** @param {number} shown */
  clockText(shown) {
    return this.timeText(shown).split(" ").slice(2).join(" ");
  }

  /** @param {number} from @param {number} to */
  spanText(from, to) {
    return `${this.clockText(from)}–${this.clockText(to)}`;
  }

  /** The bars in view. @returns {Row[]} */
  visible() {
    const from = this.view ? Math.max(0, Math.floor(this.view.from)) : Math.max(0, this.points.length - VISIBLE);
    const to = this.view ? Math.ceil(this.view.to) : this.points.length;
    return this.points.slice(from, to + 1).flatMap((row) => (row.empty ? [] : [row]));
  }

  /** Where the average cost lies above or below what is in view: 1, -1, else 0. */
  sideOfCost() {
    const rows = this.visible(), low = Math.min(...rows.map((row) => row.lo)), high = Math.max(...rows.map((row) => row.h));
    const margin = (high - low) * 0.09, { cost } = this.over();
    if (!rows.length || !has(cost) || !this.isOn("cost")) {
      return 0;
    }
    return cost > high + margin ? 1 : cost < low - margin ? -1 : 0;
  }

  /** The average cost that is off the scale is said at the edge. */
  drawChip() {
    const chip = this.site.chip(), { cost } = this.over(), last = this.rows.at(-1)?.c ?? null;
    if (!chip) {
      return;
    }
    const side = this.sideOfCost();
    chip.hidden = side === 0;
    if (!side || !has(cost)) {
      return;
    }
    const away = last !== null && last > 0 ? `: ${fmt.signed((cost / last - 1) * 100, 1)} % from here` : "";   // no base below zero
    setText(chip, `${side > 0 ? fmt.UP : fmt.DOWN} avg cost ${fmt.number(cost, this.base?.dec)}, off scale${away}`);
    setData(chip, "side", side > 0 ? "top" : "bottom");
  }

  drawNote() {
    const note = this.site.note(), base = this.base;
    if (!note || !base) {
      return;
    }
    const mended = this.rows.filter((row) => row.src === "r"), isDaily = base.tf === "1D", first = mended[0], end = mended.at(-1);
    const words = this.over().filling && !isDaily ? ["filling from history …"] : [];
    if (!isDaily && this.rows.some((row) => row.src === "h")) {
      words.push(`grey strip: bars from history${this.rows.some((row) => row.src === "s") ? "" : ", none streamed yet"}`);
    }
    if (!isDaily && first && end) {
      words.push(`pale: completed from history ${this.spanText(first.t, end.t + base.size)}`);
    }
    base.holes.slice(-2).forEach(([start, missing]) =>
      words.push(`no data ${this.spanText(start, start + missing * base.size)} (${missing}${missing === 1 ? " bar)" : " bars)"}`));
    setText(note, this.isOn("history") ? words.join(" · ") : "");
  }

  draw() {
    this.drawLegend();
    this.drawChip();
    this.drawNote();
  }
}

/** @param {string} label @param {string} value @param {string} [key] of the layer */
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

/** @param {Value} volume */
export function shortVolume(volume) {
  if (!has(volume)) {
    return fmt.MISSING;
  }
  if (volume >= 1e6) {
    return `${fmt.number(volume / 1e6, 1)} M`;
  }
  return volume >= 1e4 ? `${fmt.number(volume / 1e3, 0)} k` : fmt.number(volume, 0);
}
