/**
 * Lines page: the filter of the ledger and the drawing of the last 30 minutes (steps of lines in use, and what was admitted,
 * evicted, refused), out of "tail:used", "line_events" and "marks:lines".
 */
import { html, nothing, render, svg } from "../vendor/lit-html.mjs";
import { go } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { all, maybe } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import { showRows } from "../core/grid.mjs";
import { get, model, onNodes, onPart, tell } from "../core/model.mjs";

/** @typedef {[at: number, used: number]} Point wall time and lines in use */
/** @typedef {[market: number, kind: string, sym: string, words: string, con?: number]} Mark */
/** @typedef {{x: (wall: number) => number, y: (used: number) => number, end: number}} Scale */
/** @typedef {{x: number, kind: string, marks: Mark[]}} Drawn marks of a kind that lie together */

const WINDOW_S = 1800, LEFT = 74, RIGHT = 52, TOP = 10, STEPS_H = 62, ROW_H = 20, AXIS_H = 18, AGAIN_MS = 10000;
const FOOT = TOP + STEPS_H, ROWS = ["admitted", "evicted", "refused"], HEIGHT = FOOT + 8 + ROW_H * ROWS.length + AXIS_H;
/** @type {Record<string, string>} */
const MARKS = { admitted: "▲", upgraded: "▲", evicted: "▼", released: "▽", refused: "✕" };
/** @type {Record<string, string>} */
const ROW_OF = { admitted: "admitted", upgraded: "admitted", evicted: "evicted", released: "evicted", refused: "refused" };
const APART = 5, TOLD = 12;   // marks of a kind that are closer (pixels) are drawn as one, which names so many of them

/* ---- the ledger ---- */
clientside("qtLines", {
  show(/** @type {string} */ value) {
    const shown = value || "all";
    showRows("lines", (row) => shown === "all" || (shown === "coverage") === (row.cls === "coverage"));
    return noUpdate();
  },
});

/* Nine visits a second begin and end: their rows of the ledger are made here out of "seen", not sent. */
const VISITS_LAST = 1000000;   // in the order of "out": behind everything that is held, the longest visit first

/** @param {string} con @param {[since: number, decides: boolean]} visit */
function visitRow(con, [since, decides]) {
  const about = model.coverage || {}, dwell = about.dwell ? `, ${about.dwell} s at least` : "";
  return {
    sym: model.names?.[con] || con, cls: "coverage", lane: "visited", by: "coverage", state: "live",
    why: decides ? "kept until the breakout is decided" : `its turn${dwell}`, since: about.base + since, at: null,
    out: VISITS_LAST + since,
  };
}

onPart("seen", (_name, changed, removed, full) => {
  const rows = model["grid:lines"], gone = [];
  /** @type {Record<string, object>} */
  const fresh = {};
  if (!rows) {
    return;
  }
  for (const con of [...Object.keys(changed), ...removed]) {
    const visit = changed[con], row = rows[con];
    if (Array.isArray(visit)) {
      if (!row || row.cls === "coverage") {
        rows[con] = fresh[con] = visitRow(con, /** @type {[number, boolean]} */ (visit));
      }
    } else if (row && row.cls === "coverage") {
      delete rows[con];
      gone.push(con);
    }
  }
  tell({ part: "grid:lines", changed: fresh, removed: gone, full });
});

/* ---- the last 30 minutes ---- */
const rate = () => get("strip.clock")?.[2] ?? 1;

/** @param {Scale} s @param {number} market */
const xOf = (s, market) => s.x(s.end - (clock.market(s.end) - market) / rate());

/** @param {number} end @returns {Point[]} those of the window, and the one before it */
function pointsUntil(end) {
  /** @type {Point[]} */
  const points = Object.entries(model["tail:used"] || {}).map(([at, used]) => [Number(at), used]);
  points.sort((a, b) => a[0] - b[0]);
  const first = points.findIndex(([at]) => at >= end - WINDOW_S);
  return first < 0 ? points.slice(-1) : points.slice(Math.max(0, first - 1));
}

/** @param {Point[]} points at least one @param {Scale} s */
function stepsPath(points, s) {
  const x = (/** @type {number} */ at) => Math.max(LEFT, s.x(at)).toFixed(1);
  const y = (/** @type {number} */ used) => s.y(used).toFixed(1);
  const [[at, used], ...rest] = points;
  let path = `M${x(at)} ${y(used)}`;
  let last = used;
  for (const [later, now] of rest) {
    path += `L${x(later)} ${y(last)}L${x(later)} ${y(now)}`;
    last = now;
  }
  return `${path}L${s.x(s.end).toFixed(1)} ${y(last)}`;
}

/** @param {Point[]} points @param {Scale} s @param {number} width */
function steps(points, s, width) {
  if (!points.length) {
    return nothing;
  }
  const path = stepsPath(points, s), now = points[points.length - 1][1];
  return svg`<path d="${path}V${FOOT}H${Math.max(LEFT, s.x(points[0][0])).toFixed(1)}Z" class="qt-used-area"></path>
    <path d=${path} class="qt-used"></path>
    <rect x=${width - RIGHT + 6} y=${s.y(now) - 10} width="28" height="20" rx="2" class="qt-used-tag"></rect>
    <text x=${width - RIGHT + 20} y=${s.y(now) + 4} class="qt-used-number">${now}</text>`;
}

/** @param {string} kind @param {Mark[]} marks @param {Scale} s @returns {Drawn[]} */
function together(kind, marks, s) {
  /** @type {Drawn[]} */
  const drawn = [];
  for (const mark of marks) {
    const x = xOf(s, mark[0]), last = drawn[drawn.length - 1];
    if (ROW_OF[mark[1]] !== kind || x < LEFT) {
      continue;
    }
    if (last && x - last.x < APART && last.kind === mark[1]) {
      last.marks.push(mark);
    } else {
      drawn.push({ x, kind: mark[1], marks: [mark] });
    }
  }
  return drawn;
}

/** @param {Mark[]} marks */
function story(marks) {
  const told = marks.slice(0, TOLD).map(([at, , sym, words]) => `${clock.clockText(at)} ${sym}: ${words}`);
  return [...told, ...(marks.length > TOLD ? [`and ${marks.length - TOLD} more`] : [])].join("\n");
}

/** @param {string} kind @param {number} i @param {Mark[]} marks @param {Scale} s */
function row(kind, i, marks, s) {
  const y = FOOT + 8 + ROW_H * i + 14, drawn = together(kind, marks, s);
  return svg`<text x=${LEFT - 10} y=${y} class="qt-axis-word">${kind}</text>
    <line x1=${LEFT} x2="100%" y1=${y - 4} y2=${y - 4} class="qt-hair"></line>
    ${drawn.map((each, k) => {
      const [, , sym, , con] = each.marks[0], count = each.marks.length, name = count > 1 ? `${sym} +${count - 1}` : sym;
      const room = (drawn[k + 1]?.x ?? s.x(s.end) + RIGHT) - each.x;
      return svg`<g class="qt-mark qt-mark-${each.kind}" data-con=${con || ""} data-count=${count}><title>${story(each.marks)}</title>
        <text x=${each.x} y=${y} class="qt-mark-shape">${MARKS[each.kind]}</text>${
          room > 16 + 7 * name.length ? svg`<text x=${each.x + 9} y=${y} class="qt-mark-name">${name}</text>` : nothing}</g>`;
    })}`;
}

/** @param {Scale} s */
function times(s) {
  const market = clock.market(s.end), ticks = [];
  for (let at = Math.floor(market / 300) * 300; at > market - WINDOW_S; at -= 300) {
    ticks.push(at);
  }
  return ticks.filter((at) => xOf(s, at) >= LEFT + 10).map((at) => {
    const x = xOf(s, at);
    return svg`<line x1=${x} x2=${x} y1=${TOP} y2=${HEIGHT - AXIS_H} class="qt-hair"></line>
      <text x=${x} y=${HEIGHT - 4} class="qt-axis-time">${clock.clockText(at, "hm")}</text>`;
  });
}

/** @param {Scale} s @param {number} width @param {number} limit @param {number} near */
function levels(s, width, limit, near) {
  const apart = Math.max(0, 13 - (s.y(near) - s.y(limit))) / 2;   // else one word would lie on the other
  /** @type {Array<[string, number, string, number]>} */
  const both = [[`limit ${limit}`, s.y(limit), "qt-limit", -apart], [`NEAR ${near}`, s.y(near), "qt-near", apart]];
  return both.map(([words, y, cls, by]) => svg`<line x1=${LEFT} x2=${width - RIGHT} y1=${y} y2=${y} class=${cls}></line>
    <text x=${LEFT - 10} y=${y + 4 + by} class="qt-axis-word">${words}</text>`);
}

/** @param {HTMLElement} holder */
function draw(holder) {
  const { limit, near, words } = model.line_events || {}, width = holder.clientWidth;
  if (!width || !limit) {
    return;
  }
  const end = clock.now(), points = pointsUntil(end), low = Math.max(0, Math.min(near, ...points.map(([, used]) => used)) - 2);
  /** @type {Scale} */
  const s = {
    end,
    x: (wall) => LEFT + (width - LEFT - RIGHT) * (1 - (end - wall) / WINDOW_S),
    y: (used) => TOP + STEPS_H * (1 - (used - low) / Math.max(1, limit - low)),
  };
  /** @type {Mark[]} */
  const marks = Object.values(model["marks:lines"] || {}).sort((a, b) => a[0] - b[0]);
  render(html`<svg width=${width} height=${HEIGHT} aria-hidden="true">
    ${times(s)}${levels(s, width, limit, near)}${steps(points, s, width)}${ROWS.map((kind, i) => row(kind, i, marks, s))}</svg>`, holder);
  holder.setAttribute("aria-label", `Lines in use over the last 30 minutes: ${words || ""}`);
}

let due = false;
/** Several parts change in one delta: one drawing a frame. */
function drawAll() {
  if (!due && maybe(document, "[data-qt-changes]")) {
    due = true;
    window.requestAnimationFrame(() => {
      due = false;
      all(document, "[data-qt-changes]").forEach(draw);
    });
  }
}
onPart("tail:used", drawAll);
onPart("line_events", drawAll);
onPart("marks:lines", drawAll);
onPart("strip", (_name, changed) => {
  if (changed.clock) {
    drawAll();
  }
});
onNodes(() => all(document, "[data-qt-changes]").filter((holder) => !holder.firstChild).forEach(draw));
window.addEventListener("resize", drawAll);
every(AGAIN_MS, drawAll);

document.addEventListener("click", (event) => {
  const mark = event.target instanceof SVGElement ? event.target.closest(".qt-mark[data-con]") : null;
  if (mark instanceof SVGElement && mark.dataset.con) {
    go(`/symbol/${mark.dataset.con}`);
  }
});
