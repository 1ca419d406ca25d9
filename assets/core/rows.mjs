/* Light tables and lists: keyed rows whose cells are filled in place, never rebuilt.
   <tbody data-qt-rows="signals"> in a <table> whose <th data-col="key" data-as="text|bars|icon|prose"> say the columns;
   the part is "rows:signals": {id: {order, key: value}}. data-qt-most limits the rows shown. */
import { adoptAll } from "./bind.mjs";
import { model, onPart } from "./model.mjs";
import { fill } from "./values.mjs";

const tables = new Map();   // name -> Set of tbody

function columns(body) {
  const heads = body.closest("table").querySelectorAll("th[data-col]");
  return Array.prototype.map.call(heads, (th) => {
    return { key: th.dataset.col, as: th.dataset.as || "text", cls: th.className };
  });
}

export const painters = {
  text (cell, value) { fill(cell, value); },
  icon (cell, value) {
    if (!cell.firstChild) { cell.appendChild(document.createElement("i")); }
    const icon = cell.firstChild;
    icon.className = "qt-icon bi bi-" + (ICONS[value && value[0]] || "dot");
    icon.dataset.tone = (value && value[1]) || "";
    icon.setAttribute("aria-label", (value && value[0]) || "");
    icon.setAttribute("role", "img");
  },
  /* {score, bars: [distance %, volume %]}, or any other value as text without bars */
  score (cell, value) {
    if (!cell.firstChild) {
      const pair = document.createElement("span");
      pair.className = "qt-bars";
      pair.append(document.createElement("i"), document.createElement("i"));
      cell.append(document.createElement("span"), pair);
    }
    const bars = cell.children[1], scored = !!value && value.bars !== undefined;
    fill(cell.children[0], scored ? value.score : value);
    bars.hidden = !scored;
    if (scored) { bars.children[0].style.width = value.bars[0] + "%"; bars.children[1].style.width = value.bars[1] + "%"; }
  }
};
painters.prose = painters.text;
const ICONS = {
  signal: "lightning-charge", ended: "arrow-return-left", refused: "slash-circle", fill: "arrow-left-right",
  info: "info-circle", warning: "exclamation-triangle", error: "x-circle", enter: "arrow-right", leave: "arrow-left",
  pass: "check-lg", fail: "x-lg", unknown: "question-lg", up: "triangle-fill", down: "caret-down-fill", ring: "circle",
  held: "briefcase", session: "clock"
};

function newRow(body, id, cols) {
  const row = document.createElement("tr");
  row.dataset.id = id;
  cols.forEach((col) => {
    const cell = document.createElement("td");
    cell.className = col.cls;
    row.appendChild(cell);
  });
  return row;
}

function paint(row, cols, values) {
  row.qtOrder = values.order || 0;
  cols.forEach((col, i) => { (painters[col.as] || painters.text)(row.children[i], values[col.key]); });
}

function sortRows(body) {
  const rows = Array.prototype.slice.call(body.children);
  let sorted = rows.slice().sort((a, b) => { return a.qtOrder - b.qtOrder; });
  if (body.matches(":hover") && rows.length > 1) { sorted = rows; }   // rows do not change places under the pointer
  if (sorted.some((row, i) => { return row !== rows[i]; })) { body.append(...sorted); }
  const most = Number(body.dataset.qtMost || 1e9);
  sorted.forEach((row, i) => { if (row.hidden !== i >= most) { row.hidden = i >= most; } });
}

function draw(body, ids) {
  const values = model["rows:" + body.dataset.qtRows] || {};
  const cols = body.qtCols;
  ids.forEach((id) => {
    let row = body.qtIds[id];
    if (!values[id]) {
      if (row) { row.remove(); delete body.qtIds[id]; }
      return;
    }
    if (!row) { row = body.qtIds[id] = newRow(body, id, cols); body.appendChild(row); }
    paint(row, cols, values[id]);
  });
  sortRows(body);
}

function adoptRows(body) {
  const name = body.dataset.qtRows;
  body.qtCols = columns(body);
  body.qtIds = {};
  if (!tables.has(name)) { tables.set(name, new Set()); }
  tables.get(name).add(body);
  body.addEventListener("mouseleave", () => { sortRows(body); });
  draw(body, Object.keys(model["rows:" + name] || {}));
};

onPart("rows", (name, changed, removed) => {
  (tables.get(name) || []).forEach((body) => {
    if (!body.isConnected) { tables.get(name).delete(body); return; }
    draw(body, Object.keys(changed).concat(removed));
  });
});

adoptAll("[data-qt-rows]", adoptRows);
