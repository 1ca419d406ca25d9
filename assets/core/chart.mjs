/* The live end of a P&L curve: appends the points later than layout.meta.last (so nothing is drawn twice), keeps the
   tag of the last value on the axis, and asks for a new base when the tail is long or the extremes have moved.
   New points are drawn when they are a pixel long, by Plotly itself: through Dash each would be told to the whole page. */
import { waitFor } from "./cards.mjs";
import * as clock from "./clock.mjs";
import { setProps } from "./dash.mjs";
import * as fmt from "./format.mjs";
import { get, model, onNodes, onPart } from "./model.mjs";

const GAP_S = 20, TAIL_MOST = 300, REBASE_PAUSE_MS = 15000;

function plot(id) {
  const holder = document.getElementById(id);
  return holder ? holder.querySelector(".js-plotly-plot") : null;
}

function stateOf(gd) {
  const meta = (gd.layout && gd.layout.meta) || {};
  if (gd.qtMeta !== meta) {
    gd.qtMeta = meta;
    gd.qtState = {
      last: meta.last || 0, lastY: lastY(gd), added: 0, high: meta.high || null, low: meta.low || null, shifts: meta.shifts || [],
    };
  }
  return gd.qtState;
}

function lastY(gd) {
  const line = gd.data && gd.data[2];
  return line && line.y.length ? line.y[line.y.length - 1] : null;
}

/* The page's clock by the offset of each moment. Where the clocks have just gone back the curve goes on by the old one
   until it is drawn anew, by the new one (app/figures/pnl.py): nothing runs backwards. */
function turned(market, shifts) {
  let i = shifts.length - 1;
  while (i > 0 && market < shifts[i][0]) { i -= 1; }
  return i > 0 && shifts[i][1] < shifts[i - 1][1] && market - shifts[i][0] < 86400 ? i : 0;
}
function axisMs(market, shifts) {
  let i = shifts.length - 1; const back = turned(market, shifts);
  while (i > 0 && market < shifts[i][0]) { i -= 1; }
  if (i < 0) { return Math.round(market * 1000); }
  return Math.round((market + shifts[back ? back - 1 : i][1]) * 1000);
}

function gapOf() {   // in market seconds
  const clock = get("strip.clock");
  return GAP_S * Math.max(1, clock ? clock[2] : 1);
}

/* This tab slept: what lies between the curve and the oldest point here is known to the journal alone. */
function hasSlept(state, tail) {
  const times = Object.keys(tail).map(Number);
  return times.length > 0 && Math.min(...times) - state.last > gapOf();
}

/* The newest point of the tail lies a pixel or more to the right of the curve's end, or nothing is drawn yet. */
function isDue(gd, state, tail) {
  const newest = Math.max(...Object.keys(tail).map(Number)), axis = gd._fullLayout.xaxis;
  if (!(newest > state.last)) { return false; }
  const ms = axis.range.map((end) => axis.r2l(end)), pixels = axis._length || 1;
  return state.lastY === null || (newest - state.last) * 1000 >= Math.abs(ms[1] - ms[0]) / pixels;
}

/* Points later than what is drawn, as the columns of the three traces; the areas go to zero at a gap. */
function later(state, tail) {
  const out = { x: [], line: [], gain: [], loss: [] }, gap = gapOf();
  function push(m, y, area) {
    out.x.push(axisMs(m, state.shifts));
    out.line.push(y);
    out.gain.push(Math.max(area, 0));
    out.loss.push(Math.min(area, 0));
  }
  Object.keys(tail).map(Number).filter((m) => { return m > state.last; }).sort((a, b) => { return a - b; })
    .forEach((m) => {
      let y = tail[m]; const jumped = m - state.last > gap;
      if (y === "cut") {   // the day's P&L began anew: what was high and low is another day's
        y = null;
        state.high = state.low = null;
        state.cut = true;
      }
      if ((y === null || jumped) && state.lastY !== null) { push(state.last, null, 0); state.lastY = null; }
      if (y !== null) {
        if (state.lastY === null) { push(m, null, 0); }
        push(m, y, y);
        if (!state.high || y > state.high[0]) { state.high = [y, m]; }
        if (!state.low || y < state.low[0]) { state.low = [y, m]; }
      }
      state.last = m;
      state.lastY = y;
      state.added += 1;
    });
  return out;
}

function rebase(chart, gd, why) {
  const now = performance.now();
  if (chart.asked && now - chart.asked < (why === "empty" ? 3000 : REBASE_PAUSE_MS)) { return; }
  chart.asked = now;
  setProps(chart.rebase, { data: now });
}

function placeTag(chart, gd) {
  const tag = document.getElementById(chart.id + "-tag"), dot = document.getElementById(chart.id + "-dot");
  const full = gd._fullLayout, line = gd.data && gd.data[2];
  if (!tag || !full || !full.yaxis || !line) { return; }
  let i = line.y.length - 1; const value = get(chart.value);
  while (i >= 0 && (line.y[i] === null || line.y[i] === undefined)) { i -= 1; }
  if (value === null || value === undefined) { i = -1; }
  const y = i >= 0 ? full.yaxis._offset + full.yaxis.l2p(value) : -1;
  const x = i >= 0 ? full.xaxis._offset + full.xaxis.d2p(line.x[i]) : -1;
  const inside = y >= full.yaxis._offset && y <= full.yaxis._offset + full.yaxis._length;
  tag.hidden = i < 0 || !inside;
  dot.hidden = tag.hidden || x < full.xaxis._offset || x > full.xaxis._offset + full.xaxis._length + 1;
  if (tag.hidden) { return; }
  const text = fmt.signed(value, 0), tone = fmt.tone(value, 0);
  if (tag.textContent !== text) { tag.textContent = text; }
  tag.dataset.tone = dot.dataset.tone = tone;
  tag.style.transform = "translateY(" + Math.round(y - 10) + "px)";
  dot.style.transform = "translate(" + Math.round(x - 3) + "px," + Math.round(y - 3) + "px)";
}

/* Words that would lie on others, or stick out, are left out; their marks stay. First come, first shown: the axis, the
   last value, high and low, the arrows, gaps, resets and sessions, the newest fills. */
function declutter(chart, gd) {
  const svg = gd.querySelector(".main-svg");
  if (!svg) { return; }
  const edge = svg.getBoundingClientRect(), taken = [];
  function rect(node) { const r = node.getBoundingClientRect(); return r.width ? r : null; }
  function all(selector) { return Array.prototype.slice.call(gd.querySelectorAll(selector)); }
  function isFree(r) {
    return r.left >= edge.left - 1 && r.right <= edge.right + 1 && r.top >= edge.top - 1 && r.bottom <= edge.bottom + 1 &&
      taken.every((t) => { return r.right <= t.left || r.left >= t.right || r.bottom <= t.top + 2 || r.top >= t.bottom - 2; });
  }
  const tag = document.getElementById(chart.id + "-tag");
  all(".xaxislayer-above text, .yaxislayer-above text, .yaxislayer-below text").concat(tag && !tag.hidden ? [tag] : [])
    .forEach(take);
  function take(node) { const r = rect(node); if (r) { taken.push(r); } }
  const notes = all(".annotation"), still = [], fills = [];
  notes.forEach((note) => { (note.querySelector(".annotation-arrow-g") ? fills : still).push(note); });
  all(".scatterlayer .textpoint text").forEach(place);
  all(".annotation-arrow-g").forEach(take);
  still.concat(fills.reverse()).forEach(place);
  function place(node) {
    const text = node.querySelector(".annotation-text-g") || node, r = rect(text);
    if (!r) { return; }
    const shown = isFree(r);
    text.style.visibility = shown ? "" : "hidden";
    if (shown) { taken.push(r); }
  }
}

/* Reading where words lie costs a layout: done when they have moved by more than a pixel or two, not at each point. */
function decluttered(chart, gd) {
  const { xaxis: x, yaxis: y, width, height, annotations } = gd._fullLayout;
  const heights = y.range.map((v) => Math.round(y.l2p(v) - y.l2p(0)));
  const key = [width, height, (annotations || []).length, gd.qtMeta && gd.qtMeta.last, ...heights]
    .concat(x.range.map((v) => Math.round(x.r2l(v) / ((x.r2l(x.range[1]) - x.r2l(x.range[0])) / x._length * 8 || 1)))).join();
  if (gd.qtWords !== key) {
    gd.qtWords = key;
    declutter(chart, gd);
  }
}

/* The plot has the size of its place: measured anew whenever it has not. */
function fitPlace(gd) {
  const place = gd.closest(".qt-chart"), full = gd._fullLayout;
  if (!place || !place.clientHeight || !place.clientWidth || gd.qtFitting) { return; }
  if (Math.abs(full.height - place.clientHeight) < 2 && Math.abs(full.width - place.clientWidth) < 2) { return; }
  gd.qtFitting = true;
  window.Plotly.Plots.resize(gd).then(() => { gd.qtFitting = false; }, () => { gd.qtFitting = false; });
}

function words(chart, gd) {
  const fact = document.getElementById(chart.id + "-fact"), meta = gd.layout.meta || {};
  if (!fact) { return; }
  const state = stateOf(gd);
  function said(word, at) { return at ? word + " " + fmt.signed(at[0]) + " at " + clock.clockText(at[1], "hm") : ""; }
  const text = meta.count ? [said("low", state.low), said("high", state.high)].filter(Boolean).join(" · ") : "";
  if (fact.textContent !== text) { fact.textContent = text; }
  if (fact.title !== (meta.basis || "")) { fact.title = meta.basis || ""; }
}

export function liveCurve(chart) {
  function update() {
    const gd = plot(chart.id);
    if (!gd || !gd.data || !gd.data.length || !gd._fullLayout) { return; }
    if (!gd.qtWatched) {
      gd.qtWatched = true;
      gd.on("plotly_afterplot", () => { placeTag(chart, gd); decluttered(chart, gd); });
      declutter(chart, gd);
      const place = gd.closest(".qt-chart");
      if (place) { new ResizeObserver(() => { if (gd._fullLayout) { fitPlace(gd); } }).observe(place); }
    }
    const state = stateOf(gd), high = state.high, low = state.low;
    const tail = model[chart.part] || {};
    if (!gd.layout.meta) { return; }   // the figure of the mount is still on its way; a patch needs something to change
    if (!gd.layout.meta.count) {
      if (Object.keys(tail).length > 1) { rebase(chart, gd, "empty"); }
      return;
    }
    if (hasSlept(state, tail)) { rebase(chart, gd, "slept"); return; }
    if (isDue(gd, state, tail)) {
      const added = later(state, tail);
      void window.Plotly.extendTraces(gd, { x: [added.x, added.x, added.x], y: [added.gain, added.loss, added.line] }, [0, 1, 2]);
    }
    const day = get("pnl.day");
    if (day && gd.layout.meta.day && day !== gd.layout.meta.day) { chart.due = true; }
    if (turned(state.last, state.shifts)) { chart.due = true; }
    if (state.cut) { state.cut = false; chart.due = true; chart.asked = 0; }   // the range begins anew, too
    if (state.added > TAIL_MOST || state.high !== high || state.low !== low) { chart.due = true; }
    if (chart.due && (!chart.asked || performance.now() - chart.asked > REBASE_PAUSE_MS)) { chart.due = false; rebase(chart, gd, "moved"); }
    placeTag(chart, gd);
    words(chart, gd);
  }
  waitFor((card) => {
    if (!document.getElementById(chart.id) || !card.contains(document.getElementById(chart.id))) { return false; }
    const gd = plot(chart.id);
    return !gd || !gd._fullLayout || !gd.layout.meta;
  });
  onPart(chart.part, update);
  onPart("strip", (name, changed) => { if ("day" in changed) { update(); } });
  onNodes(update);
};

/* The tag is the day's P&L of the strip: the curve's last point may be some seconds older. */
liveCurve({ id: "overview-pnl", part: "tail:pnl", value: "strip.day", rebase: "overview-pnl-rebase" });
