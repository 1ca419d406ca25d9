/* Scanners page: the preset chips, the heatmap's two views and its ages, the cells of the results grid. */
import { every } from "../core/every.mjs";
import { go } from "../core/address.mjs";
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { ageOf, ageStep, ageText } from "../core/freshness.mjs";
import { eachGrid } from "../core/grid.mjs";
import { model, onNodes, onPart, tell } from "../core/model.mjs";
import { see } from "../core/poll.mjs";
import { side } from "../core/rows.mjs";
import { toast } from "../core/toast.mjs";
import { nameOf } from "../core/values.mjs";
import { LINE_CLASSES } from "../core/wire.mjs";
import { scanWide } from "../core/wide.mjs";

let view = "factors"; let show = "all";

clientside("qtScanners", {
  heatView (value) { view = value || "factors"; drawViews(); return noUpdate(); },
  show (value) {
    show = value || "all";
    eachGrid("results", (grid) => { grid.api.onFilterChanged(); });
    return noUpdate();
  }
});

function setText(element, text) { if (element.textContent !== text) { element.textContent = text; } }
function setData(element, name, value) { if (element.dataset[name] !== value) { element.dataset[name] = value; } }

/* ---- presets ---- */
function makeChip(name) {
  const chip = document.createElement("button"), label = document.createElement("span"), word = document.createElement("span");
  chip.type = "button";
  chip.className = "qt-preset";
  chip.dataset.scan = name;
  label.textContent = name;
  word.className = "qt-preset-word";
  chip.append(label, " ", word);
  return chip;
}

function drawChips(holder) {
  const chips = model.chips || {}, there = {};
  Array.prototype.slice.call(holder.children).forEach((chip) => {
    if (chips[chip.dataset.scan]) { there[chip.dataset.scan] = chip; } else { chip.remove(); }
  });
  Object.keys(chips).sort((a, b) => { return chips[a][0] - chips[b][0]; }).forEach((name, i) => {
    const chip = there[name] || makeChip(name), value = chips[name];
    chip.setAttribute("aria-pressed", value[1] ? "true" : "false");
    chip.title = value[3];
    setData(chip, "alarm", value[4] ? "1" : "");
    setText(chip.lastChild, value[2]);
    if (chip.qtWaits !== undefined && chip.qtWaits === value[1]) { chip.removeAttribute("aria-busy"); delete chip.qtWaits; }
    if (holder.children[i] !== chip) { holder.insertBefore(chip, holder.children[i] || null); }
  });
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest && event.target.closest("[data-scan]");
  if (!chip || chip.hasAttribute("aria-busy")) { return; }
  const name = chip.dataset.scan, wanted = chip.getAttribute("aria-pressed") !== "true";
  chip.setAttribute("aria-busy", "true");
  chip.qtWaits = wanted;
  askEngine(chip.closest("[data-request]").dataset.request, { action: "scan", name, on: wanted }, (result) => {
    chip.removeAttribute("aria-busy");
    delete chip.qtWaits;
    toast(result.ok ? { title: name + (wanted ? " is on" : " is off"), text: wanted ? "The first result takes up to 45 s." : "Its slot is free." } :
      { kind: "info", title: name + " stays as it is", text: result.text });
  });
});

function eachNode(selector, fn) { Array.prototype.forEach.call(document.querySelectorAll(selector), fn); }
onPart("chips", () => { eachNode("[data-qt-chips]", drawChips); });

/* ---- heatmap: its cells are made of the results' rows, ages count here; the second view ---- */

/* Which of seven steps: how many of the six rising cuts are not above the value, less 3. */
function step(value, cuts) {
  return value === null || value === undefined ? null : cuts.filter((cut) => { return cut <= value; }).length - 3;
}

/* value of a row and a column -> [text, value that is judged: turned by the side, the spread so that low is for] */
function turned(value, row) { return value === null || value === undefined ? null : row.short ? -value : value; }
const CELLS = {
  score (row) { return [fmt.number(row.score, 2), row.score]; },
  at_signal (row) { return [fmt.number(row.sig, 2), row.sig]; },
  change (row) { return [fmt.signed(row.chg, 1), turned(row.chg, row)]; },
  open (row, column) { return [fmt.signed(column.open, 1), turned(column.open, row)]; },
  volume (row) { return [fmt.times(row.rv), row.rv]; },
  distance (row) { return [fmt.signed(row.dist, 2), row.dist]; },
  spread (row, column) { return [fmt.number(column.spread, 1), column.spread === null ? null : -column.spread]; }
};

function sideOf(row) { return row ? (row.short ? "short" : "long") : null; }

let pending = false;
function makeFactors() {
  if (pending) { return; }   // one delta may bring columns and rows
  pending = true;
  Promise.resolve().then(() => {
    pending = false;
    const columns = model["rows:heatcols"], rows = model["grid:results"] || {}, cuts = model.heatcuts;
    if (!columns || !cuts) { return; }
    const ids = Object.keys(columns).sort((a, b) => { return columns[a].order - columns[b].order; });
    const part = { cols: ids.map((id) => { return [Number(id), columns[id].sym, sideOf(rows[id])]; }) };
    Object.keys(CELLS).forEach((factor) => {
      part[factor] = ids.map((id) => {
        const pair = rows[id] ? CELLS[factor](rows[id], columns[id]) : [fmt.MISSING, null];
        return [pair[0], step(pair[1], cuts[factor])];
      });
    });
    model["heat:factors"] = part;
    tell({ part: "heat:factors", changed: part, removed: [], full: false });
  });
}
onPart("rows", (name) => { if (name === "heatcols") { makeFactors(); } });
onPart("grid", (name) => { if (name === "results") { makeFactors(); } });

function drawAges() {
  const part = model["heat:factors"], rows = model["grid:results"] || {}, body = document.querySelector("[data-qt-heat='factors']");
  if (!part || !body || !body.qtFactors) { return; }
  const line = body.children[body.qtFactors.findIndex((factor) => { return factor[0] === "age"; })];
  part.cols.forEach((column, i) => {
    const cell = line && line.children[i + 1], row = rows[column[0]], age = row ? ageOf(row.at) : null;
    if (!cell || age === null) { return; }
    setText(cell, row.at === 0 ? ageText(0) : age < 100 ? Math.round(age) + " s" : Math.round(age / 60) + " min");
    setData(cell, "step", String(ageStep(age)));
  });
}

function timeRows(part) {
  return Object.keys(part).filter((key) => { return key !== "times"; })
    .sort((a, b) => { return part[a][0] - part[b][0]; });
}

function cellOf(tag, scope) {
  const cell = document.createElement(tag);
  if (scope) { cell.scope = scope; }
  return cell;
}

function timeRow(id, count) {
  const row = document.createElement("tr"), name = cellOf("th", "row"), link = document.createElement("a");
  link.href = "/symbol/" + encodeURIComponent(id);
  name.appendChild(link);
  row.appendChild(name);
  for (let i = 0; i < count; i += 1) { row.appendChild(cellOf("td")).dataset.con = id; }
  return row;
}

/* The frame of the table is made anew only when symbols or columns come or go; else cells are filled in place. */
function timeTable(holder, ids, times) {
  const mark = ids.join() + "|" + times.join();
  if (holder.qtMark === mark) { return holder.firstChild; }
  holder.qtMark = mark;
  const table = document.createElement("table"), head = document.createElement("tr"), body = document.createElement("tbody");
  table.className = "qt-heat qt-heat-time";
  head.appendChild(cellOf("th", "col"));
  const every = ids.length * times.length <= 200 ? 1 : 3;
  times.forEach((at, i) => {
    head.appendChild(cellOf("th", "col")).textContent = i % every === 0 ? clock.clockText(at, "hm") : "";
  });
  ids.forEach((id) => { body.appendChild(timeRow(id, times.length)); });
  table.appendChild(document.createElement("thead")).appendChild(head);
  table.appendChild(body);
  holder.replaceChildren(table);
  return table;
}

function drawTime() {
  const holder = document.querySelector("[data-qt-heattime]"), part = model.heattime;
  if (!holder || !part || !part.times) { return; }
  const ids = timeRows(part), table = timeTable(holder, ids, part.times), withText = ids.length * part.times.length <= 200;
  ids.forEach((id, r) => {
    const value = part[id], row = table.tBodies[0].rows[r];
    setText(row.cells[0].firstChild, value[1]);
    side(row.cells[0].firstChild, sideOf((model["grid:results"] || {})[id]));
    value[2].forEach((score, i) => {
      const cell = row.cells[i + 1], text = score === null ? fmt.MISSING : fmt.number(score, 2);
      if (!cell) { return; }
      setText(cell, withText ? text : "");
      setData(cell, "step", value[3][i] === null ? "none" : String(value[3][i]));
      const title = value[1] + " " + clock.clockText(part.times[i], "hm") + ": " + (score === null ? "no candidate" : "best score " + text);
      if (cell.title !== title) { cell.title = title; }
    });
  });
}

function drawFact() {
  const fact = document.querySelector(".qt-heat-fact"), factors = model["heat:factors"], time = model.heattime;
  if (!fact) { return; }
  if (view === "factors") { setText(fact, factors && factors.cols ? factors.cols.length + " symbols × 8 factors" : ""); return; }
  if (view === "wide") { setText(fact, Object.keys(model.heatwide || {}).length + " symbols × 8 factors, values on pointing"); return; }
  if (view === "map") { setText(fact, "stocks by dollar volume today, coloured by change"); return; }
  setText(fact, time ? timeRows(time).length + " symbols, best score per 5 min" : "");
}

/* Where there is room, all thresholds are in sight. */
function openMore() {
  const more = document.querySelector(".qt-card-thresholds details");
  if (more && window.innerWidth >= 1800) { more.open = true; }
}

const PARTS = { factors: ["rows:heatcols"], wide: ["heatwide"], time: ["heattime"], map: [] };
/* Why there is no signal is sent while the pointer is over the results: it is the tooltip of their rows. */
let pointed = false; let row = null;
function tellWhy() {
  const why = row && (model.whys || {})[row.getAttribute("row-id")];
  if (why && row.title !== why) { row.title = why; }
}
onPart("whys", tellWhy);
let formSeen = false;   // the gateway's list of scans is long: it comes once its form is in sight
const watch = new IntersectionObserver((entries) => {
  if (!formSeen && entries.some((entry) => { return entry.isIntersecting; })) { formSeen = true; inSight(); }
});
function inSight() { see("scanners", PARTS[view].concat(pointed ? ["whys"] : [], formSeen ? ["scanparams"] : [])); }
document.addEventListener("pointerover", (event) => {
  const over = !!(event.target.closest && event.target.closest("[data-qt-grid='results']"));
  row = over ? event.target.closest(".ag-row") : null;
  tellWhy();
  if (over !== pointed && document.querySelector(".qt-scanners")) { pointed = over; inSight(); }
});

function drawViews() {
  eachNode("[data-heat]", (block) => { block.hidden = block.dataset.heat !== view; });
  inSight();
  if (view === "time") { drawTime(); }
  if (view === "wide") { scanWide(); }
  if (view === "map") { window.dispatchEvent(new Event("resize")); askMap(); }
  drawFact();
  drawAges();
}

/* The treemap is asked for anew only while it is in sight, and not before the figure of the mount is there. */
function askMap() {
  const gd = document.querySelector("#scanners-map .js-plotly-plot");
  if (view !== "map" || document.hidden || document.body.hasAttribute("data-frozen") || !gd || !gd.data || !gd.data.length) { return; }
  if (!gd.qtWatched && gd.on) {
    gd.qtWatched = true;
    gd.on("plotly_treemapclick", (event) => {
      const tile = event.points && event.points[0];
      if (tile && tile.id) { go("/symbol/" + tile.id); }
      return false;
    });
  }
  setProps("scanners-map-data", { data: Date.now() });
}
every(10000, askMap);
onPart("heat", (name) => { if (name === "factors") { drawAges(); drawFact(); } });
onPart("heatwide", () => { if (view === "wide") { scanWide(); drawFact(); } });
onPart("heattime", () => { if (view === "time") { drawTime(); drawFact(); } });
onNodes(() => {
  const fresh = document.querySelector("[data-qt-chips]:empty");
  if (fresh) { drawChips(fresh); view = "factors"; show = "all"; formSeen = false; drawViews(); openMore(); }
  eachNode("[data-qt-custom]:not([data-watched])", (form) => { form.dataset.watched = "1"; watch.observe(form); });
});
every(1000, drawAges);

/* ---- results ---- */
function el(...parts) { return window.React.createElement(...parts); }
function toned(text, tone, title) { return el("span", { "data-tone": tone || undefined, title }, text); }
const NAMES = { "Since open": "Open", "Relative volume": "Rel vol", "52-week high": "52-wk high", "Trend break": "Trend",
  "Volume pace": "Pace", "Pace, smaller names": "Pace small", "Short side": "Short",
  "Active futures": "Futures", "Gap up": "Gap" };
function short(scan) {
  const cut = scan.lastIndexOf(" #");
  return (NAMES[scan.slice(0, cut)] || scan.slice(0, cut)) + scan.slice(cut);
}
/* How many tags fit into so many pixels uncut; one is always shown. */
function fitting(scans, pixels) {
  let count = 0;
  scans.some((scan) => {
    pixels -= 19 + 6.4 * short(scan).length;
    count += pixels >= 0 || !count ? 1 : 0;
    return pixels < 0;
  });
  return count;
}
const EARLY = "It broke out before QTrade looked: its score counts the way since the first look";
const STATES = { confirming: "confirming", warming: "warming" };

const draw = {
  symbol (d) {
    const side = d.short ? "short" : "long";
    return el(window.React.Fragment, null,
      el("span", { className: "qt-side", "data-tone": side, title: side, role: "img", "aria-label": side }, d.short ? fmt.DOWN : fmt.UP),
      el("a", { href: "/symbol/" + d.id, className: "qt-sym", tabIndex: -1, title: d.sym }, nameOf(d.sym)));
  },
  score (d) {
    const title = d.bars[1] === null ? "gates passed" : "distance above, relative volume below";
    return el(window.React.Fragment, null, el("b", { className: "qt-score-number" }, fmt.number(d.score, d.score >= 0.5 ? 3 : 2)),
      el("span", { className: "qt-bars", title }, el("i", { style: { width: d.bars[0] + "%" }, className: d.brk ? undefined : "qt-bar-grey" }),
        d.bars[1] === null ? null : el("i", { style: { width: d.bars[1] + "%" } })));
  },
  signal (d) { return d.sig === undefined ? toned(fmt.MISSING, "missing", "No signal of it runs") : fmt.number(d.sig, 2); },
  since (d) { return el("span", { className: "qt-soft" }, clock.clockText(d.since, "hm")); },
  scans (d, width) {
    const most = fitting(d.scans, width - 42 - (STATES[d.state] ? 84 : 0) - (d.early ? 58 : 0));
    const chips = d.scans.slice(0, most).map((scan) => { return el("span", { key: scan, className: "qt-tag", title: scan }, short(scan)); });
    if (d.scans.length > most) {
      chips.push(el("span", { key: "+", className: "qt-soft", title: d.scans.slice(most).join(", ") }, "+" + (d.scans.length - most)));
    }
    if (d.early) { chips.unshift(el("span", { key: "early", className: "qt-tag qt-tag-early", title: EARLY }, "before")); }
    if (STATES[d.state]) { chips.unshift(el("span", { key: "state", className: "qt-tag qt-tag-" + d.state }, STATES[d.state])); }
    return el("span", { className: "qt-tags" }, chips);
  },
  last (d) { return fmt.number(d.last, d.dec); },
  chg (d) { return toned(fmt.percent(d.chg, 1), fmt.tone(d.chg, 1)); },
  rv (d) { return fmt.times(d.rv); },
  dist (d) { return fmt.signed(d.dist, 2); },
  line (d) {
    if (d.state === "confirmed" && (!d.cls || d.cls === "coverage")) {
      const age = d.at === 0 ? 0 : ageOf(d.at);
      const ago = age === null || age === undefined ? "not seen yet" : Math.round(age) + " s ago";
      return el("span", { className: "qt-prio", "data-c": "coverage", title: "Watched, " + ago + ": visits fetch the price of a running signal, the newest and best stream" }, "watch");
    }
    if (!d.cls) { return toned(fmt.MISSING, "missing", "It holds no market-data line now"); }
    return el("span", { className: "qt-prio", "data-c": d.cls, title: LINE_CLASSES[d.cls] + (d.cls === "coverage" ? "" : ", streaming") }, SHORT[d.cls] || d.cls);
  }
};
const SHORT = { coverage: "visit", pinned: "pin" };

window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
window.dashAgGridComponentFunctions.QtScanCell = function (props) {
  return draw[props.kind](props.data || {}, props.column.getActualWidth());
};
window.dashAgGridFunctions = window.dashAgGridFunctions || {};
window.dashAgGridFunctions.qtResultShown = function (node) {
  return show === "all" || (show === "breakout" ? node.data.brk : node.data.scans.length > 0);
};
