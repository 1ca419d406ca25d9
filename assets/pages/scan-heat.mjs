/** The heatmaps of the Scanners page: factors, wide, by time, treemap. What the results carry anyway is not sent twice. */
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { setText } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { ageOf, ageStep, ageText } from "../core/freshness.mjs";
import { columnsOf, drawButton, fillLine, letGo, onOrder, side, stepMark } from "../core/heat.mjs";
import { bestFirst, makeHeat, sideOf } from "../core/heat-cells.mjs";
import { hold } from "../core/hold.mjs";
import { model, onApplied, onNodes, onPart } from "../core/model.mjs";
import { onTab } from "../core/tabs.mjs";
import { drawWide, orderWide, wideCount } from "../core/wide.mjs";
import { isInScan, onPick, pickedScan } from "./scan-chips.mjs";

/** @typedef {"factors" | "wide" | "time" | "map"} View */

/** @type {View} */
let view = "factors";
let isInSight = false;
/** @type {Array<() => void>} */
const listeners = [];

/** The parts that the view in sight is made of, beside the results. */
export function heatParts() {
  return { factors: ["heatcuts"], wide: ["heatwide"], time: ["heattime"], map: ["map"] }[view];
}

/** @param {() => void} fn called when another view is chosen */
export function onView(fn) {
  listeners.push(fn);
}

clientside("qtScanners", {
  heatView (/** @type {View} */ value) {
    view = value || "factors";
    drawViews();
    return noUpdate();
  },
});

/* ---- factors: the cells are made of the results' rows, ages are counted here ---- */

/** Whether a symbol is in the scan that is picked; all are where none is. @param {any} row */
const isPicked = (row) => isInScan(row, pickedScan());
/** @param {string} id */
const isPickedId = (id) => pickedScan() === null || isPicked((model["grid:results"] ?? {})[id]);

function makeFactors() {
  const rows = model["grid:results"], cuts = model.heatcuts;
  return Boolean(rows && cuts) && makeHeat("factors", bestFirst(rows, isPicked), rows, cuts);
}
let due = false;
onPart("grid", (name) => { due = due || name === "results"; });
onPart("heatcuts", () => { due = true; });
const makeIfDue = () => { due = due && !makeFactors(); };
onApplied(makeIfDue);
onNodes(makeIfDue);
onPick(() => {
  letGo("factors");
  makeFactors();
  orderAnew();
});

function drawAges() {
  const rows = model["grid:results"];
  if (view !== "factors" || !isInSight || !rows) {
    return;
  }
  fillLine("factors", "age", (id) => {
    const row = rows[id], age = row ? ageOf(row.at) : null;
    if (age === null) {
      return [fmt.MISSING, null];
    }
    return [row.at === 0 ? ageText(0) : age < 100 ? `${Math.round(age)} s` : `${Math.round(age / 60)} min`, ageStep(age)];
  });
}

/* ---- by time ---- */

const WITH_TEXT = 200;   // cells that have room for their value
/** @typedef {{mark: string, ids: string[], names: Map<string, string>, links: HTMLAnchorElement[],
 *   cells: HTMLTableCellElement[][]}} Drawn */
/** @type {WeakMap<Element, Drawn>} */
const drawn = new WeakMap();

/** @returns {HTMLElement | null} */
function timePlace() {
  return document.querySelector("[data-qt-heattime]");
}

/**
 * The frame is made anew only when symbols or columns come; else cells are filled in place.
 * @param {HTMLElement} holder
 * @param {Drawn} now
 * @param {number[]} times
 */
function timeFrame(holder, now, times) {
  const table = document.createElement("table"), head = document.createElement("tr"), body = document.createElement("tbody");
  table.className = "qt-heat qt-heat-time";
  const corner = document.createElement("td"), each = now.ids.length * times.length <= WITH_TEXT ? 1 : 3;
  head.append(corner, ...times.map((at, i) => {
    const th = document.createElement("th");
    th.scope = "col";
    th.textContent = i % each === 0 ? clock.clockText(at, "hm") : "";
    return th;
  }));
  now.links = [];
  now.cells = now.ids.map((id) => {
    const row = document.createElement("tr"), name = document.createElement("th"), link = document.createElement("a");
    name.scope = "row";
    link.href = `/symbol/${encodeURIComponent(id)}`;
    link.textContent = now.names.get(id) ?? "";
    name.append(link);
    row.append(name);
    now.links.push(link);
    body.append(row);
    return times.map(() => {
      const td = document.createElement("td");
      td.dataset.con = id;
      row.append(td);
      return td;
    });
  });
  table.createTHead().append(head);
  table.append(body);
  holder.replaceChildren(table);
}

function drawTime() {
  const holder = timePlace(), part = model.heattime;
  if (!holder || !part || !part.times) {
    return;
  }
  const best = Object.keys(part).filter((key) => key !== "times" && isPickedId(key)).sort((a, b) => part[a][0] - part[b][0]);
  const now = drawn.get(holder) ?? { mark: "", ids: [], names: new Map(), links: [], cells: [] };
  best.forEach((id) => now.names.set(id, part[id][1]));
  const { order, fresh, moved } = hold(now.ids, best, Number(holder.dataset.most));
  now.ids = order;
  const mark = `${order.join()}|${part.times.join()}`, withText = order.length * part.times.length <= WITH_TEXT;
  if (now.mark !== mark) {
    now.mark = mark;
    timeFrame(holder, now, part.times);
  }
  drawn.set(holder, now);
  order.forEach((id, r) => {
    const [, name, scores, steps] = part[id] ?? [0, now.names.get(id), [], []];
    side(now.links[r], sideOf((model["grid:results"] || {})[id]));
    now.cells[r].forEach((td, i) => {
      const score = scores[i] ?? null, shown = score === null ? fmt.MISSING : fmt.number(score, 2), text = withText ? shown : "";
      const mark_ = stepMark(steps[i] ?? null);
      setText(td, text);
      if (td.dataset.step !== mark_) {
        td.dataset.step = mark_;
      }
      const title = `${name} ${clock.clockText(part.times[i], "hm")}: ${score === null ? "no candidate" : `best score ${shown}`}`;
      if (td.title !== title) {
        td.title = title;
      }
    });
  });
  holder.toggleAttribute("data-empty", !part.times.length);
  drawButton("time", moved, fresh);
}

/* ---- the views ---- */

onOrder((name) => {
  if (name === "factors") {
    drawAges();
  } else if (name === view) {
    orderAnew();
  }
});

/** The view in sight in the order of now. */
function orderAnew() {
  const holder = timePlace();
  if (view === "wide") {
    orderWide(isPickedId);
  } else if (view === "time" && holder) {
    drawn.delete(holder);
    drawTime();
  }
  drawFact();
}

function drawFact() {
  const fact = document.querySelector(".qt-heat-fact"), time = model.heattime;
  if (!fact) {
    return;
  }
  const rows = time ? Object.keys(time).filter((key) => key !== "times" && isPickedId(key)).length : 0;
  const picked = pickedScan(), of = picked === null ? "" : ` of ${picked}`;
  setText(fact, {
    factors: columnsOf("factors") ? `${columnsOf("factors")} symbols${of} × 8 factors` : "",
    wide: `${wideCount()} symbols${of} × 8 factors, values on pointing`,
    time: rows > 0 ? `${rows} symbols${of}, best score per 5 min; ${time.times.length === 1 ? "1 column" : `${time.times.length} columns`} so far` : "",
    map: `stocks of the universe${picked === null ? "" : ", whatever scan they are in,"} by dollar volume today, coloured by change`,
  }[view]);
}

function drawViews() {
  document.querySelectorAll("[data-heat]").forEach((block) => {
    const element = /** @type {HTMLElement} */ (block);
    element.hidden = !(element.dataset.heat ?? "").split(" ").includes(view);
  });
  listeners.forEach((fn) => fn());
  drawView();
}

function drawView() {
  if (view === "time") {
    drawTime();
  } else if (view === "wide") {
    drawWide(isPickedId);
  }
  drawFact();
  drawAges();
}

every(1000, drawAges);

onPart("heat", (name) => {
  if (name === "factors") {
    drawAges();
    drawFact();
  }
});
onPart("heatwide", () => {
  if (view === "wide") {
    drawWide(isPickedId);
    drawFact();
  }
});
onPart("heattime", () => {
  if (view === "time") {
    drawTime();
    drawFact();
  }
});
onNodes(() => {
  const card = /** @type {HTMLElement | null} */ (document.querySelector(".qt-card-heat"));
  if (card && !card.dataset.seen && document.querySelector("[data-qt-page=scanners]")) {
    card.dataset.seen = "1";
    view = "factors";
    drawViews();
  }
});
onTab((page, tab) => {
  if (page === "scanners") {
    isInSight = tab === "results";
    drawView();
  }
});
