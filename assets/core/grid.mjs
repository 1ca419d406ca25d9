/* Grids: cell renderers, and the deltas of "grid:<name>" as row transactions keyed by row id.
   The wrapper <div data-qt-grid="positions" data-grid-id="overview-positions" data-total="total"> says which part a
   grid shows. A click on a row goes to its symbol. Rows do not change places under the pointer. */
import { every } from "./every.mjs";
import { go } from "./address.mjs";
import { waitFor } from "./cards.mjs";
import * as clock from "./clock.mjs";
import * as fmt from "./format.mjs";
import { ageText } from "./freshness.mjs";
import { model, onNodes, onPart } from "./model.mjs";
import { LINE_CLASSES } from "./wire.mjs";
import { nameOf } from "./values.mjs";

const grids = new Map();   // wrapper -> {api, name, held: {id: order}}

/* ---- cells ---- */
function el(...parts) { return window.React.createElement(...parts); }
function two(top, bottom, topTone, bottomTone, title) {
  const cut = typeof bottom === "string" && bottom.length > 12 ? bottom : undefined;   // it may be cut: said whole on hover
  const long = typeof top === "string" && top.length > 11 ? " qt-long" : "";
  return el("div", { className: "qt-two", title: title || cut },
    el("div", { className: "qt-top" + long, "data-tone": topTone || undefined }, top),
    el("div", { className: "qt-sub", "data-tone": bottomTone || undefined }, bottom));
}
function money(value, decimals) {
  return [fmt.signed(value, decimals), fmt.tone(value, decimals)];
}
function spark(points) {
  if (!points || !points.length) { return null; }
  const step = 70 / (points.length - 1); let path = ""; let pen = "M"; let first = null; let last = null; let at = 0;
  points.forEach((h, i) => {
    if (h === null) { pen = "M"; return; }
    first = first === null ? h : first;
    last = h; at = i;
    path += pen + (2 + i * step).toFixed(1) + " " + (22 - h / 2).toFixed(1);
    pen = "L";
  });
  const tone = last > first ? "gain" : last < first ? "loss" : "flat";
  return el("svg", { className: "qt-spark", width: 76, height: 24, viewBox: "0 0 76 24", "data-tone": tone,
    role: "img", "aria-label": "last hour " + (tone === "gain" ? "up" : tone === "loss" ? "down" : "level") },
    el("path", { d: path }), el("circle", { cx: 2 + at * step, cy: 22 - last / 2, r: 1.8 }));
}
/* A row of one account among several is "<con_id>.<number>". */
function conOf(id) { return String(id).split(".")[0]; }
const LONG_NAME = 10;
function symbolLink(d, id) {
  const name = nameOf(d.sym).replace(/ (\d+) ([A-Z][a-z]{2})( \d\d)?$/, (day) => { return " " + day.trim().replace(/ /g, "\u00a0"); });
  const cls = name.length > LONG_NAME ? "qt-sym qt-sym-long" : "qt-sym";
  return el("a", { href: "/symbol/" + conOf(id), className: cls, tabIndex: -1, title: d.sym }, name);
}
/* The unit behind a price: pence, cents, per cent of par; nothing where it goes without saying. */
function unit(text, name) { return name ? [text, el("span", { className: "qt-unit", key: "u" }, " " + name)] : text; }

const draw = {
  symbol (d) { return two(symbolLink(d, d.id), d.name, "", "", d.name); },
  qty (d) { return two(fmt.quantity(d.qty), d.unit); },
  avg (d) { return two(unit(fmt.number(d.avg, Math.max(2, d.dec)), d.pu), d.cost); },
  spark (d) { return spark(d.spark); },
  last (d) {
    const change = d.chg === null ? fmt.MISSING : fmt.arrow(d.chg) + " " + fmt.percent(d.chg);
    const below = d.silent ? "silent" : d.far || d.kind || change, warn = d.silent || d.far || d.kind;
    const title = [d.why, d.far ? "Valued by its " + d.far + ", not by the last trade; change " + change : ""].filter(Boolean).join(". ");
    return two(unit(fmt.number(d.last, d.dec), d.pu), below, d.silent ? "warn" : "", warn ? "warn" : fmt.tone(d.chg), title);
  },
  mark (d) {
    return two(unit(fmt.number(d.mark, d.dec), d.pu), d.mkind || "", "", d.far ? "warn" : "", d.why);
  },
  day (d) { const m = money(d.day, 2); return two(m[0], d.day2, m[1], "", d.why || d.day2); },
  unr (d) {
    const m = money(d.unr, 2);
    return two(m[0], fmt.percent(d.unrp), m[1], "", d.why);
  },
  ib (d) {
    const m = money(d.ib, 2);
    return d.off ? two(m[0], "differs", m[1], "warn", d.check) : el("span", { "data-tone": m[1], title: d.check || undefined }, m[0]);
  },
  exp (d) {
    return el("div", { className: "qt-two" }, el("div", { className: "qt-top" }, fmt.number(d.exp, 0)),
      el("div", { className: "qt-sub qt-meter" },
        el("i", null, el("b", { style: { width: (d.expp || 0) + "%" } })), fmt.share(d.expp)));
  },
  emas (d) { return two(fmt.number(d.fast, d.dec), fmt.number(d.slow, d.dec)); },
  trend (d) {
    if (!d.trend) { return el("span", { title: "Not enough bars yet" }, fmt.MISSING); }
    const up = d.trend === "above";
    return two(up ? fmt.UP : fmt.DOWN, d.trend, up ? "gain" : "loss");
  },
  total (d, field) {
    if (!(field in d)) { return null; }
    const m = field === "exp" ? [fmt.number(d.exp, 0), ""] : money(d[field], 2);
    const note = (d.notes || {})[field], length = m[0].length;
    return el("b", { "data-tone": m[1], title: note || (d[field] === null ? "A value is missing" : undefined),
      className: (note ? "qt-noted" : "") + (length > 11 ? " qt-long" : "") }, m[0]);
  },
  line_symbol (d) { return symbolLink(d, d.id); },
  priority (d) {
    return el("span", { className: "qt-prio", "data-c": d.cls }, LINE_CLASSES[d.cls] || d.cls);
  },
  lane (d) {
    const waiting = d.state !== "live";
    return el("span", { className: "qt-lane", "data-lane": waiting ? d.state : d.lane }, waiting ? d.state : d.lane);
  },
  out (d) {
    if (d.cls === "coverage") { return el("span", { "data-tone": "missing", title: "Leaves after its visit" }, "visit"); }
    return d.out === null ? el("span", { "data-tone": "missing" }, "never") : el("b", null, d.out);
  }
};

const components = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
components.QtCell = function (props) {
  const data = props.data || {};
  if (props.node && props.node.rowPinned) {
    return props.kind === "symbol" ? el("b", null, data.cur ? "Total, " + data.cur : "Total") : draw.total(data, props.total || "", 2);
  }
  return draw[props.kind](data);
};

const functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};
/* "5 min 48 s" -> "5 min": a cell has room for one unit. */
function inShort(text) { return text.replace(/^(\d+ (?:min|h|d)) .*$/, "$1"); }
functions.qtAge = function (params) {
  return params.node.rowPinned ? "" : inShort(ageText(params.data ? params.data.at : null));
};
functions.qtHeld = function (params) {
  return params.data && params.data.since ? fmt.held(clock.now() - params.data.since) : fmt.MISSING;
};
functions.qtByTime = function (a, b, nodeA, nodeB) {
  function moment(node) { return node.data.at === 0 ? Number.MAX_SAFE_INTEGER : node.data.at || 0; }
  return moment(nodeB) - moment(nodeA);
};
functions.qtBySince = function (a, b, nodeA, nodeB) { return (nodeB.data.since || 0) - (nodeA.data.since || 0); };
functions.qtTrue = function () { return true; };

/* ---- rows ---- */
function rowOf(id, values) { return Object.assign({ id }, values); }

function fill(grid) {
  const values = model["grid:" + grid.name] || {}, wanted = {};
  const add = [], update = [], remove = [];
  Object.keys(values).forEach((id) => {
    wanted[id] = true;
    (grid.api.getRowNode(id) ? update : add).push(rowOf(id, values[id]));
  });
  grid.api.forEachNode((node) => { if (!wanted[node.id]) { remove.push(node.data); } });
  grid.api.applyTransaction({ add, update, remove });
  drawTotal(grid);
  grid.wrapper.qtFilled = true;
}
waitFor((card) => {
  return Array.prototype.some.call(card.querySelectorAll("[data-qt-grid]"), (wrapper) => { return !wrapper.qtFilled; });
});

function apply(grid, changed, removed) {
  const values = model["grid:" + grid.name] || {}, add = [], update = [], nodes = [], fields = {};
  const sort = grid.wrapper.dataset.sort, hovered = grid.wrapper.matches(":hover");
  Object.keys(changed).forEach((id) => {
    const node = grid.api.getRowNode(id), row = rowOf(id, values[id]);
    if (!node) { add.push(row); return; }
    if (hovered && row[sort] !== node.data[sort]) {
      grid.held[id] = true;
      row[sort] = node.data[sort];
    }
    Object.keys(changed[id]).forEach((field) => { fields[field] = true; });
    update.push(row);
    nodes.push(node);
  });
  const remove = removed.map((id) => { return { id }; }).filter((row) => {
    return grid.api.getRowNode(row.id);
  });
  grid.api.applyTransaction({ add, update, remove });
  repaint(grid, nodes, fields);
}

/* Cells of two lines hold fields that are not their column's own: paint those again. */
function repaint(grid, nodes, fields) {
  if (!nodes.length) { return; }
  const columns = grid.api.getColumns().filter((column) => {
    const also = (column.getColDef().context || {}).also || [];
    return also.some((field) => { return fields[field]; });
  });
  if (columns.length) { grid.api.refreshCells({ rowNodes: nodes, columns, force: true }); }
}

function drawTotal(grid) {
  const part = grid.wrapper.dataset.total;
  if (!part) { return; }
  const values = model["grid:" + part] || {};
  const rows = Object.keys(values).map((id) => { return rowOf(id, values[id]); });
  const mark = JSON.stringify(rows);
  if (grid.totalMark !== mark) { grid.totalMark = mark; grid.api.setGridOption("pinnedBottomRowData", rows); }
}

function release(grid) {
  const ids = Object.keys(grid.held), values = model["grid:" + grid.name] || {};
  grid.held = {};
  const rows = ids.filter((id) => { return values[id] && grid.api.getRowNode(id); });
  if (rows.length) { grid.api.applyTransaction({ update: rows.map((id) => { return rowOf(id, values[id]); }) }); }
}

function alive(grid) { return grid.api && !grid.api.isDestroyed() && grid.wrapper.isConnected; }

export function eachGrid(name, fn) {
  grids.forEach((grid, wrapper) => {
    if (!wrapper.isConnected) { grids.delete(wrapper); return; }
    if (alive(grid) && (name === null || grid.name === name)) { fn(grid); }
  });
};

onPart("grid", (name, changed, removed, full) => {
  eachGrid(null, (grid) => {
    if (grid.wrapper.dataset.total === name) { drawTotal(grid); }
    if (grid.name === name) { if (full) { fill(grid); } else { apply(grid, changed, removed); } }
  });
});

/* On a narrow screen the columns that a phone can do without are hidden. */
function fit(grid) {
  const narrow = window.innerWidth < 700;
  if (grid.narrow === narrow || (grid.narrow === undefined && !narrow)) { return; }
  grid.narrow = narrow;
  const columns = grid.api.getColumns().filter((column) => {
    return (column.getColDef().context || {}).phone === false;
  });
  grid.api.setColumnsVisible(columns, !narrow);
}
window.addEventListener("resize", () => { eachGrid(null, fit); });

function adopt(wrapper) {
  const grid = { wrapper, name: wrapper.dataset.qtGrid, api: null, held: {} };
  grids.set(wrapper, grid);
  window.dash_ag_grid.getApiAsync(wrapper.dataset.gridId).then((api) => {
    if (!wrapper.isConnected) { grids.delete(wrapper); return; }
    grid.api = api;
    fit(grid);
    fill(grid);
  });
  wrapper.addEventListener("mouseleave", () => { if (alive(grid)) { release(grid); } });
  wrapper.addEventListener("click", (event) => {
    const row = event.target.closest(".ag-row");
    if (row && !event.target.closest("a,button") && !row.classList.contains("ag-row-pinned")) {
      go("/symbol/" + conOf(row.getAttribute("row-id")));
    }
  });
  wrapper.addEventListener("keydown", (event) => {
    const row = event.target.closest && event.target.closest(".ag-row");
    if (event.key === "Enter" && row) { go("/symbol/" + conOf(row.getAttribute("row-id"))); }
  });
}

onNodes(() => {
  document.querySelectorAll("[data-qt-grid]").forEach((wrapper) => {
    if (!grids.has(wrapper) && window.dash_ag_grid) { adopt(wrapper); }
  });
});

every(1000, () => {
  eachGrid(null, (grid) => {
    const columns = grid.api.getColumns().filter((column) => { return (column.getColDef().context || {}).ages; });
    if (columns.length) { grid.api.refreshCells({ columns }); }
  });
});
