/**
 * The live end of a P&L curve: appends the points later than layout.meta.last (so nothing is drawn twice), keeps the tag of
 * the last value on the axis, and asks for a new base when the tail is long or the extremes have moved. Plotly draws new
 * points some pixels at a time (each time costs a dozen layouts, and through Dash it would be told to the whole page); a
 * line of our own leads on to the newest.
 */
import { waitFor } from "./cards.mjs";
import * as clock from "./clock.mjs";
import { setProps } from "./dash.mjs";
import { all, makeSvg, maybe, setAttr, setData, setText } from "./dom.mjs";
import * as fmt from "./format.mjs";
import { get, model, onNodes, onPart } from "./model.mjs";

/** Market second -> P&L; null = no data, "cut" = the day's P&L began anew. @typedef {Record<string, number | null | "cut">} Tail */
/** From this market second on the page's clock is so far ahead of UTC. @typedef {[at: number, ahead: number]} Shift */
/** [P&L, market second] @typedef {[y: number, m: number]} Extreme */
/** layout.meta (app/figures/pnl.py). @typedef {{hours?: Array<[from: number, to: number]> | null,
 *   last?: number, count?: number, high?: Extreme | null, low?: Extreme | null,
 *   shifts?: Shift[], basis?: string, day?: number | null}} Meta */
/** Of a curve as it is drawn. `lastY` null = it ends in a gap, or nothing is drawn yet. @typedef {{last: number,
 *   lastY: number | null, added: number, high: Extreme | null, low: Extreme | null, shifts: Shift[], cut: boolean,
 *   hushed: boolean}} State */
/** Plotly has no types here. @typedef {any} Axis */
/** The element of a plot. @typedef {HTMLElement & {data?: any[], layout: {meta?: Meta}, _fullLayout?: any, on: Function,
 *   qtMeta?: Meta, qtState?: State, qtWatched?: boolean, qtWords?: string, qtFitting?: boolean}} Plot */
/** @typedef {{id: string, part: string, value: string, rebase: string, asked?: number, due?: boolean}} Curve */

const GAP_S = 20, TAIL_MOST = 300, REBASE_PAUSE_MS = 15000, EMPTY_PAUSE_MS = 3000, DAY_S = 86400;
const STEP_PX = 6;   // by so much the curve itself grows
const FITS_MS = 1000;   // a plot to its place

/** @param {string} id */
function plot(id) {
  const holder = document.getElementById(id);
  return holder && /** @type {Plot | null} */ (holder.querySelector(".js-plotly-plot"));
}

/** @param {Plot} gd @returns {State} */
function stateOf(gd) {
  const meta = gd.layout?.meta ?? {};
  if (gd.qtMeta !== meta || !gd.qtState) {
    gd.qtMeta = meta;
    gd.qtState = {
      last: meta.last ?? 0, lastY: lastY(gd), added: 0, high: meta.high ?? null, low: meta.low ?? null, shifts: meta.shifts ?? [],
      cut: false, hushed: false,
    };
  }
  return gd.qtState;
}

/** @param {Plot} gd @returns {number | null} */
function lastY(gd) {
  return gd.data?.[2]?.y.at(-1) ?? null;
}

/** The shift that a moment falls under; the first one for whatever comes before. @param {number} market @param {Shift[]} shifts */
function shiftAt(market, shifts) {
  return Math.max(0, shifts.findLastIndex(([at]) => market >= at));
}

/**
 * Where the clocks have just gone back: the curve goes on by the old one until it is drawn anew, by the new one
 * (app/figures/pnl.py), so that nothing runs backwards.
 * @param {number} market
 * @param {Shift[]} shifts
 */
function hasTurned(market, shifts) {
  const i = shiftAt(market, shifts);
  return i > 0 && shifts[i][1] < shifts[i - 1][1] && market - shifts[i][0] < DAY_S;
}

/** The page's clock by the offset of each moment, in ms. @param {number} market @param {Shift[]} shifts */
function axisMs(market, shifts) {
  const ahead = shifts[shiftAt(market, shifts) - (hasTurned(market, shifts) ? 1 : 0)]?.[1] ?? 0;
  return Math.round((market + ahead) * 1000);
}

/** Without a point for longer nothing is drawn between, in market seconds. */
function gapOf() {
  return GAP_S * Math.max(1, get("strip.clock")?.[2] ?? 1);
}

/** Of the regular hours alone where those are chosen. @param {Tail} tail @param {Meta} meta @returns {Tail} */
function within(tail, { hours }) {
  const isIn = (/** @type {string} */ m) => !hours || hours.some(([from, to]) => Number(m) >= from && Number(m) <= to);
  return hours ? Object.fromEntries(Object.entries(tail).filter(([m]) => isIn(m))) : tail;
}

/** This tab slept: what lies between the curve and the oldest point here is known to the journal alone.
 * @param {State} state @param {Tail} tail */
function hasSlept(state, tail) {
  const times = Object.keys(tail).map(Number);
  return times.length > 0 && Math.min(...times) - state.last > gapOf();
}

/** The points of the tail that the curve has not got, oldest first. @param {State} state @param {Tail} tail */
function freshOf(state, tail) {
  return Object.keys(tail).map(Number).filter((m) => m > state.last).sort((a, b) => a - b);
}

/** The curve itself has to grow: the fresh points lead some pixels on, over its edge or over a gap, or nothing is drawn yet.
 * @param {Plot} gd @param {State} state @param {Tail} tail */
function isDue(gd, state, tail) {
  const fresh = freshOf(state, tail), newest = fresh[fresh.length - 1];
  if (!fresh.length) {
    return false;
  }
  /** @type {{xaxis: Axis, yaxis: Axis}} */
  const { xaxis, yaxis } = gd._fullLayout, ends = xaxis.range.map((/** @type {unknown} */ end) => xaxis.r2l(end));
  const low = Math.min(...yaxis.range), high = Math.max(...yaxis.range);
  return state.lastY === null || newest - state.last > gapOf() ||
    fresh.some((m) => typeof tail[m] !== "number" || Number(tail[m]) < low || Number(tail[m]) > high) ||
    (newest - state.last) * 1000 >= STEP_PX * Math.abs(ends[1] - ends[0]) / (xaxis._length || 1);
}

/**
 * From the curve's end over the fresh points to the value of now, and where that is: x in the plot's pixels, null = the
 * curve has the newest point.
 * @param {Curve} chart @param {Plot} gd @param {Tail} tail @returns {number | null}
 */
function placeTail(chart, gd, tail) {
  const line = document.getElementById(`${chart.id}-tail`)?.querySelector("polyline"), state = stateOf(gd);
  const value = get(chart.value), fresh = freshOf(state, tail);
  if (!line) {
    return null;
  }
  /** @type {{xaxis: Axis, yaxis: Axis}} */
  const { xaxis, yaxis } = gd._fullLayout;
  if (!fresh.length || state.lastY === null || fmt.isMissing(value) || fresh.some((m) => typeof tail[m] !== "number")) {
    setAttr(line, "points", "");
    return null;
  }
  const x = (/** @type {number} */ m) => xaxis._offset + xaxis.l2p(axisMs(m, state.shifts));
  const y = (/** @type {number} */ value_) => yaxis._offset + yaxis.l2p(value_);
  const last = fresh[fresh.length - 1], ways = [state.last, ...fresh].map((m) => {
    const at = m === last ? Number(value) : m === state.last ? Number(state.lastY) : Number(tail[m]);
    return `${x(m).toFixed(1)},${y(at).toFixed(1)}`;
  });
  const isSeen = x(state.last) >= xaxis._offset && x(last) <= xaxis._offset + xaxis._length + STEP_PX;
  setAttr(line, "points", isSeen ? ways.join(" ") : "");
  setAttr(line, "stroke", gd.data?.[2]?.line?.color ?? "currentColor");
  return x(last);
}

/** Points later than what is drawn, as the columns of the three traces; the areas go to zero at a gap.
 * @param {State} state @param {Tail} tail */
function later(state, tail) {
  const out = {
    x: /** @type {number[]} */ ([]), line: /** @type {Array<number | null>} */ ([]), gain: /** @type {number[]} */ ([]),
    loss: /** @type {number[]} */ ([]),
  };
  const gap = gapOf();
  /** @param {number} m @param {number | null} y @param {number} area */
  const push = (m, y, area) => {
    out.x.push(axisMs(m, state.shifts));
    out.line.push(y);
    out.gain.push(Math.max(area, 0));
    out.loss.push(Math.min(area, 0));
  };
  for (const m of freshOf(state, tail)) {
    const said = tail[m], y = said === "cut" ? null : said;
    if (said === "cut") {   // the day's P&L began anew: what was high and low is another day's
      state.high = state.low = null;
      state.cut = true;
    }
    if ((y === null || m - state.last > gap) && state.lastY !== null) {
      push(state.last, null, 0);
      state.lastY = null;
    }
    if (y !== null) {
      if (state.lastY === null) {
        push(m, null, 0);
      }
      push(m, y, y);
      reach(state, y, m);
    }
    state.last = m;
    state.lastY = y;
    state.added += 1;
  }
  return out;
}

/** @param {State} state @param {number} y @param {number} m */
function reach(state, y, m) {
  state.high = !state.high || y > state.high[0] ? [y, m] : state.high;
  state.low = !state.low || y < state.low[0] ? [y, m] : state.low;
}

/** High and low of what is known by now, be it drawn or not: no figure beside the curve may lie outside of them.
 * @param {State} state @param {Tail} tail @param {number | null | undefined} value of now */
function reachAll(state, tail, value) {
  const fresh = Object.entries(tail).filter(([m]) => Number(m) > state.last);
  if (fresh.some(([, y]) => y === "cut")) {
    return;   // what follows is of another day, and drawn before it is told
  }
  fresh.forEach(([m, y]) => typeof y === "number" && reach(state, y, Number(m)));
  if (state.high && !fmt.isMissing(value)) {
    reach(state, Math.round(Number(value) * 100) / 100, clock.marketNow());
  }
}

/** The words at extremes that are none any more go at once; those of the new ones come with the next base.
 * @param {Plot} gd @param {State} state */
function hush(gd, state) {
  if (!state.hushed && gd.data?.[3]?.x.length) {
    state.hushed = true;
    void window.Plotly.restyle(gd, { text: [["", ""]] }, [3]);
  }
}

/** @param {Curve} chart @param {number} pauseMs since the last one, at least */
function rebase(chart, pauseMs) {
  const now = performance.now();
  if (!chart.asked || now - chart.asked >= pauseMs) {
    chart.asked = now;
    setProps(chart.rebase, { data: now });
  }
}

/** @param {Curve} chart @param {Plot} gd */
function placeTag(chart, gd) {
  const tag = document.getElementById(`${chart.id}-tag`), dot = document.getElementById(`${chart.id}-dot`);
  const full = gd._fullLayout, line = gd.data?.[2];
  if (!tag || !dot || !full?.yaxis || !line) {
    return;
  }
  /** @type {{xaxis: Axis, yaxis: Axis}} */
  const { xaxis, yaxis } = full, value = get(chart.value);
  const i = fmt.isMissing(value) ? -1 : line.y.findLastIndex((/** @type {unknown} */ y) => !fmt.isMissing(y));
  const end = placeTail(chart, gd, model[chart.part] ?? {});
  const y = i >= 0 ? yaxis._offset + yaxis.l2p(value) : -1, x = i >= 0 ? end ?? xaxis._offset + xaxis.d2p(line.x[i]) : -1;
  tag.hidden = i < 0 || y < yaxis._offset || y > yaxis._offset + yaxis._length;
  dot.hidden = tag.hidden || x < xaxis._offset || x > xaxis._offset + xaxis._length + STEP_PX;
  if (tag.hidden) {
    return;
  }
  const tone = fmt.tone(value, 0);
  setText(tag, fmt.signed(value, 0));
  setData(tag, "tone", tone);
  setData(dot, "tone", tone);
  tag.style.transform = `translateY(${Math.round(y - 10)}px)`;
  dot.style.transform = `translate(${Math.round(x - 3)}px,${Math.round(y - 3)}px)`;
}

/**
 * Words that would lie on others, or stick out, are left out; their marks stay. First come, first shown: the axis, the last
 * value, high and low, the arrows, gaps, resets and sessions, the newest fills.
 * @param {Curve} chart
 * @param {Plot} gd
 */
function declutter(chart, gd) {
  const svg = gd.querySelector(".main-svg");
  if (!svg) {
    return;
  }
  const edge = svg.getBoundingClientRect(), tag = document.getElementById(`${chart.id}-tag`);
  /** @type {DOMRect[]} */
  const taken = [];
  const isFree = (/** @type {DOMRect} */ r) =>
    r.left >= edge.left - 1 && r.right <= edge.right + 1 && r.top >= edge.top - 1 && r.bottom <= edge.bottom + 1 &&
      taken.every((t) => r.right <= t.left || r.left >= t.right || r.bottom <= t.top + 2 || r.top >= t.bottom - 2);
  const take = (/** @type {Element} */ node) => {
    const r = node.getBoundingClientRect();
    if (r.width) {
      taken.push(r);
    }
  };
  const place = (/** @type {Element} */ node) => {
    const text = /** @type {HTMLElement} */ (node.querySelector(".annotation-text-g") ?? node), r = text.getBoundingClientRect();
    if (r.width) {
      const shown = isFree(r);
      text.style.visibility = shown ? "" : "hidden";
      taken.push(...(shown ? [r] : []));
    }
  };
  all(gd, ".xaxislayer-above text, .yaxislayer-above text, .yaxislayer-below text").forEach(take);
  if (tag && !tag.hidden) {
    take(tag);
  }
  const notes = all(gd, ".annotation"), isFill = (/** @type {Element} */ note) => note.querySelector(".annotation-arrow-g") !== null;
  all(gd, ".scatterlayer .textpoint text").forEach(place);
  all(gd, ".annotation-arrow-g").forEach(take);
  [...notes.filter((note) => !isFill(note)), ...notes.filter(isFill).reverse()].forEach(place);
}

/** Reading where words lie costs a layout: done when they have moved by more than a pixel or two, not at each point.
 * @param {Curve} chart @param {Plot} gd */
function decluttered(chart, gd) {
  /** @type {{xaxis: Axis, yaxis: Axis, width: number, height: number, annotations?: unknown[]}} */
  const { xaxis: x, yaxis: y, width, height, annotations } = gd._fullLayout;
  const step = (x.r2l(x.range[1]) - x.r2l(x.range[0])) / x._length * 8 || 1;
  const key = [
    width, height, (annotations ?? []).length, gd.qtMeta?.last,
    ...y.range.map((/** @type {number} */ v) => Math.round(y.l2p(v) - y.l2p(0))),
    ...x.range.map((/** @type {unknown} */ v) => Math.round(x.r2l(v) / step)),
  ].join();
  if (gd.qtWords !== key) {
    gd.qtWords = key;
    declutter(chart, gd);
  }
}

/** The plot has the size of its place: measured anew whenever it has not. @param {Plot} gd */
function fitPlace(gd) {
  const place = gd.closest(".qt-chart"), full = gd._fullLayout;
  if (!place || !place.clientHeight || !place.clientWidth || gd.qtFitting) {
    return;
  }
  if (Math.abs(full.height - place.clientHeight) < 2 && Math.abs(full.width - place.clientWidth) < 2) {
    return;
  }
  const { clientHeight, clientWidth } = place;
  const done = () => {
    gd.qtFitting = false;
    if (place.clientHeight !== clientHeight || place.clientWidth !== clientWidth) {
      fitPlace(gd);   // it has changed again meanwhile
    }
  };
  gd.qtFitting = true;
  window.Plotly.Plots.resize(gd).then(done, done);
  window.setTimeout(done, FITS_MS);   // one that another call overtakes never answers
}

/** @param {Curve} chart @param {Plot} gd */
function words(chart, gd) {
  const fact = document.getElementById(`${chart.id}-fact`), meta = gd.layout.meta ?? {}, { low, high } = stateOf(gd);
  if (!fact) {
    return;
  }
  const said = (/** @type {string} */ word, /** @type {Extreme | null} */ at) =>
    (at ? `${word} ${fmt.signed(at[0])} at ${clock.clockText(at[1], "hm")}` : "");
  const isFlat = !low || !high || low[0] === high[0];   // then neither says anything
  setText(fact, meta.count && !isFlat ? `${said("low", low)} · ${said("high", high)}` : "");
  if (fact.title !== (meta.basis ?? "")) {
    fact.title = meta.basis ?? "";
  }
}

/** @param {Curve} chart @param {Plot} gd */
function watch(chart, gd) {
  const place = gd.closest(".qt-chart");
  gd.qtWatched = true;
  gd.on("plotly_afterplot", () => {
    placeTag(chart, gd);
    decluttered(chart, gd);
  });
  declutter(chart, gd);
  if (place) {
    const tail = makeSvg("svg", { id: `${chart.id}-tail`, class: "qt-axis-tail", "aria-hidden": "true" });
    tail.append(makeSvg("polyline"));
    place.append(tail);
    new ResizeObserver(() => {
      if (gd._fullLayout) {
        fitPlace(gd);
      }
    }).observe(place);
  }
}

/** Whether another base is due: a day or a clock has turned, the extremes have moved, the tail has grown long.
 * @param {State} state @param {Extreme | null} high @param {Extreme | null} low before @param {Meta} meta */
function hasMoved(state, high, low, meta) {
  const day = get("pnl.day");
  return Boolean(day && meta.day && day !== meta.day) || hasTurned(state.last, state.shifts) || state.added > TAIL_MOST ||
    state.high !== high || state.low !== low;
}

/** @param {Curve} chart */
function update(chart) {
  const gd = plot(chart.id);
  if (!gd || !gd.data?.length || !gd._fullLayout) {
    return;
  }
  if (!gd.qtWatched) {
    watch(chart, gd);
  }
  const state = stateOf(gd), { high, low } = state, meta = gd.layout.meta;
  if (!meta) {
    return;   // the figure of the mount is still on its way; a patch needs something to change
  }
  const tail = within(model[chart.part] ?? {}, meta);
  if (!meta.count) {
    if (Object.keys(tail).length > 1) {
      rebase(chart, EMPTY_PAUSE_MS);
    }
    return;
  }
  if (hasSlept(state, tail)) {
    rebase(chart, REBASE_PAUSE_MS);
    return;
  }
  if (isDue(gd, state, tail)) {
    const { x, gain, loss, line } = later(state, tail);
    void window.Plotly.extendTraces(gd, { x: [x, x, x], y: [gain, loss, line] }, [0, 1, 2]);
  }
  reachAll(state, tail, get(chart.value));
  if (state.high !== high || state.low !== low) {
    hush(gd, state);
  }
  chart.due = chart.due || hasMoved(state, high, low, meta);
  if (state.cut) {
    state.cut = false;
    chart.due = true;
    chart.asked = 0;   // the range begins anew, too
  }
  if (chart.due && (!chart.asked || performance.now() - chart.asked > REBASE_PAUSE_MS)) {
    chart.due = false;
    rebase(chart, REBASE_PAUSE_MS);
  }
  placeTag(chart, gd);
  words(chart, gd);
}

/** @param {Curve} chart */
export function liveCurve(chart) {
  const draw = () => update(chart);
  waitFor((card) => {
    const holder = maybe(card, `#${chart.id}`), gd = holder && plot(chart.id);
    return holder !== null && (!gd || !gd._fullLayout || !gd.layout.meta);
  });
  onPart(chart.part, draw);
  onPart("strip", (_name, changed) => {
    if ("day" in changed) {
      draw();
    }
  });
  onNodes(draw);
}

/* The tag is the day's P&L of the strip: the curve's last point may be some seconds older. */
liveCurve({ id: "overview-pnl", part: "tail:pnl", value: "strip.day", rebase: "overview-pnl-rebase" });
