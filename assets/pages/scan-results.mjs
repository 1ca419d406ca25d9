/** The results of the Scanners page: cells of the grid, and which of its rows are shown. */
import { addCells, toned } from "../core/cells.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { setText } from "../core/dom.mjs";
import * as fmt from "../core/format.mjs";
import { ageOf } from "../core/freshness.mjs";
import { eachGrid, showRows } from "../core/grid.mjs";
import { model, onNodes, onPart, tell } from "../core/model.mjs";
import { nameOf } from "../core/values.mjs";
import { LINE_CLASSES, REL_VOLUME } from "../core/wire.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";
import { isInScan, onPick, pick, pickedScan, scanName } from "./scan-chips.mjs";

let show = "all";

clientside("qtResults", {
  show (/** @type {string} */ value) {
    show = value || "all";
    filter();
    return noUpdate();
  },
});

/** Whether a row is of a kind of results. @param {any} data @param {string} kind */
const isOfKind = (data, kind) => kind === "all" || (kind === "breakout" ? data.brk : data.scans.length > 0);

/** @param {any} data a row of the results */
const isShown = (data) => isOfKind(data, show) && isInScan(data, pickedScan());

/** How many there are of each kind, of the scan that is picked: the part "shown". */
function count() {
  const rows = Object.values(model["grid:results"] ?? {}).filter((row) => isInScan(row, pickedScan()));
  const changed = Object.fromEntries(["all", "breakout", "market"].map((kind) =>
    [`n_${kind}`, String(rows.filter((row) => isOfKind(row, kind)).length)]));
  model.shown = changed;
  tell({ part: "shown", changed, removed: [], full: false });
}

function filter() {
  showRows("results", isShown);
  count();
  drawPicked();
}

/** What is shown alone, the way back, and that nothing is. */
function drawPicked() {
  const picked = pickedScan(), back = /** @type {HTMLElement | null} */ (document.querySelector("[data-scan-back]"));
  const none = /** @type {HTMLElement | null} */ (document.querySelector("[data-scan-none]"));
  if (!back || !none) {
    return;
  }
  back.hidden = picked === null;
  setText(back, picked === null ? "" : `${picked} ×`);
  back.title = "Show the results of all scans";
  let count = -1;
  eachGrid("results", (/** @type {any} */ grid) => { count = grid.api.getDisplayedRowCount(); });
  none.hidden = count !== 0 || (picked === null && show === "all");
  setText(none, picked === null ? "None of this kind now." : `No candidate is in ${picked} now.`);
}
onPick(filter);
onPart("grid", (name) => {
  if (name === "results") {
    count();
    drawPicked();
  }
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-scan-back]")) {
    pick(null);
  }
});
onNodes(() => {
  const card = /** @type {HTMLElement | null} */ (document.querySelector(".qt-card-results"));
  if (card && !card.dataset.seen) {
    card.dataset.seen = "1";
    show = "all";
    filter();
  }
});

/* ---- cells ---- */

/** @type {Record<string, string>} */
const NAMES = { "Since open": "Open", "Relative volume": "Rel vol", "52-week high": "52-wk high", "Trend break": "Trend",
  "Volume pace": "Pace", "Pace, smaller names": "Pace small", "Short side": "Short",
  "Active futures": "Futures", "Gap up": "Gap" };
/** @param {string} scan */
function short(scan) {
  const name = scanName(scan);
  return (NAMES[name] || name) + scan.slice(name.length);
}

/** How many tags fit into so many pixels uncut, and `least` anyway. @param {string[]} scans @param {number} pixels @param {number} least */
function fitting(scans, pixels, least) {
  let count = 0;
  let left = pixels;
  scans.some((scan) => {
    left -= 19 + 6.4 * short(scan).length;
    count += left >= 0 || count < least ? 1 : 0;
    return left < 0;
  });
  return count;
}

const EARLY = "It broke out before QTrade looked: its score counts the way since the first look";
/** @type {Record<string, string>} */
const STATES = { confirming: "confirming", warming: "warming" };
/** What its market-data line is for. @type {Record<string, string>} */
const LINES = { 100: "Its line is a position's: never given away", pinned: "Its line is pinned, or its page is open",
  50: "Streams as one of the newest and best running signals", 25: "Streams as one of the ordinary candidates",
  coverage: "A spare line visits it for some seconds, in turn with the others" };

addCells({
  "scan-symbol"(d) {
    const side = d.short ? "short" : "long";
    return html`<span class="qt-side" data-tone=${side} title=${side} role="img" aria-label=${side}>${d.short ? fmt.DOWN : fmt.UP}</span
      ><a href="/symbol/${d.id}" class="qt-sym" tabindex="-1" title=${d.sym}>${nameOf(d.sym)}</a>`;
  },
  "scan-score"(d) {
    const title = d.bars[1] === null ? "gates passed" : `distance above, ${REL_VOLUME.toLowerCase()} below`;
    return html`<b class="qt-score-number">${fmt.number(d.score, d.score >= 0.5 ? 3 : 2)}</b><span class="qt-bars" title=${title}
      ><i style="width: ${d.bars[0]}%" class=${d.brk ? "" : "qt-bar-grey"}></i
      >${d.bars[1] === null ? nothing : html`<i style="width: ${d.bars[1]}%"></i>`}</span>`;
  },
  "scan-signal": (d) => (d.sig === undefined ? toned(fmt.MISSING, "missing", "No signal of it runs")
    : html`<button type="button" class="qt-cell-button" data-signal-of=${d.id} data-request="scanners-request"
      title="The signal: level, way since, places for a stop, its like" aria-label="Signal of ${d.sym}, score ${fmt.number(d.sig, 2)}"
      >${fmt.number(d.sig, 2)}</button>`),
  "scan-since": (d) => html`<span class="qt-soft">${clock.clockText(d.since, "hm")}</span>`,
  "scan-scans"(d, _field, width) {
    const tags = (STATES[d.state] ? 84 : 0) + (d.early ? 58 : 0);
    const most = fitting(d.scans, width - 42 - tags, tags ? 0 : 1), rest = d.scans.slice(most);
    return html`<span class="qt-tags">${STATES[d.state] ? html`<span class="qt-tag qt-tag-${d.state}">${STATES[d.state]}</span>` : nothing
    }${d.early ? html`<span class="qt-tag qt-tag-early" title=${EARLY}>before</span>` : nothing
    }${d.scans.slice(0, most).map((/** @type {string} */ scan) => html`<span class="qt-tag" title=${scan}>${short(scan)}</span>`)
    }${rest.length ? html`<span class="qt-soft" title=${rest.join(", ")}>+${rest.length}</span>` : nothing}</span>`;
  },
  "scan-last": (d) => fmt.number(d.last, d.dec),
  "scan-chg": (d) => toned(fmt.percent(d.chg, 1), fmt.tone(d.chg, 1)),
  "scan-rv": (d) => fmt.times(d.rv),
  "scan-dist": (d) => fmt.signed(d.dist, 2),
  "scan-line"(d) {
    if (d.state === "confirmed" && (!d.cls || d.cls === "coverage")) {
      const age = d.at === 0 ? 0 : ageOf(d.at);
      const ago = age === null || age === undefined ? "not seen yet" : `${Math.round(age)} s ago`;
      const title = `Watched, ${ago}: visits fetch the price of a running signal, the newest and best stream`;
      return html`<span class="qt-prio" data-c="coverage" title=${title}>watch</span>`;
    }
    if (!d.cls) {
      return toned(fmt.MISSING, "missing", "It holds no market-data line now");
    }
    return html`<span class="qt-prio" data-c=${d.cls} title=${LINES[d.cls]}>${d.cls === "coverage" ? "visit" : LINE_CLASSES[d.cls]}</span>`;
  },
});
