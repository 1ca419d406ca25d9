/**
 * What stands in the cells of grids: by kind of column, a template of the row's values. Drawn in place by lit-html; React
 * and the grid know of an empty element only.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import * as fmt from "./format.mjs";
import { now } from "./clock.mjs";
import { ageText } from "./freshness.mjs";
import { nameOf } from "./values.mjs";
import { LINE_CLASSES } from "./wire.mjs";

/** The values of a row, with its `id`. @typedef {Record<string, any>} Row */
/** @typedef {(row: Row, field: string, width: number) => unknown} Painter */

/** @param {unknown} value an attribute that is left out when it is empty */
const given = (value) => value || nothing;

/** Two lines. @param {unknown} top @param {unknown} bottom @param {{tone?: string, below?: string, title?: string}} [more] */
function two(top, bottom, { tone, below, title } = {}) {
  const cut = typeof bottom === "string" && bottom.length > 12 ? bottom : "";   // it may be cut: said whole on hover
  return html`<div class="qt-two" title=${given(title || cut)}><div class="qt-top" data-tone=${given(tone)}>${top}</div
    ><div class="qt-sub" data-tone=${given(below)}>${bottom}</div></div>`;
}

/** @param {string} text @param {string | null} [tone] @param {string} [title] */
export function toned(text, tone, title) {
  return html`<span data-tone=${given(tone)} title=${given(title)}>${text}</span>`;
}

/** @param {number | null} value */
function money(value) {
  return { text: fmt.signed(value, 2), tone: fmt.tone(value, 2) };
}

/** A row of one account among several is "<con_id>.<number>". @param {string} id */
export function conOf(id) {
  return String(id).split(".")[0];
}

/** An option's date stays in one piece: a long name goes to a second line before it. @param {Row} d */
function symbolLink(d) {
  const name = nameOf(d.sym).replace(/ (\d+) ([A-Z][a-z]{2})( \d\d)?$/,
    (/** @type {string} */ day) => " " + day.trim().replace(/ /g, "\u00a0"));
  return html`<a href="/symbol/${conOf(d.id)}" class="qt-sym" tabindex="-1" title=${d.sym}>${name}</a>`;
}

/** The unit behind a price: pence, cents, per cent of par; else nothing. @param {string} text @param {string} name */
function unit(text, name) {
  return name ? html`${text}<span class="qt-unit"> ${name}</span>` : text;
}

/** @param {Array<number | null>} points heights 0-40 */
function spark(points) {
  if (!points || !points.length) {
    return nothing;
  }
  const step = 70 / (points.length - 1);
  let path = "";
  let pen = "M";
  let at = 0;
  /** @type {number | null} */
  let first = null;
  let last = 0;
  points.forEach((h, i) => {
    if (h === null) {
      pen = "M";
      return;
    }
    first = first ?? h;
    last = h;
    at = i;
    path += pen + (2 + i * step).toFixed(1) + " " + (22 - h / 2).toFixed(1);
    pen = "L";
  });
  const tone = last > (first ?? 0) ? "gain" : last < (first ?? 0) ? "loss" : "flat";
  const way = tone === "gain" ? "up" : tone === "loss" ? "down" : "level";
  return html`<svg class="qt-spark" width="76" height="24" viewBox="0 0 76 24" data-tone=${tone} role="img" aria-label="last hour ${way}"
    ><path d=${path}></path><circle cx=${2 + at * step} cy=${22 - last / 2} r="1.8"></circle></svg>`;
}

/** "5 min 48 s" -> "5 min": a cell has room for one unit. @param {string} text */
function inShort(text) {
  return text.replace(/^(\d+ (?:min|h|d)) .*$/, "$1");
}

/** @type {Record<string, Painter>} */
const painters = {
  text: (d, field) => d[field] ?? fmt.MISSING,
  age: (d) => inShort(ageText(d.at)),
  held: (d) => (d.since ? fmt.held(now() - d.since) : fmt.MISSING),
  symbol: (d) => two(symbolLink(d), d.name, { title: d.name }),
  qty: (d) => two(fmt.quantity(d.qty), d.unit),
  avg: (d) => two(unit(fmt.number(d.avg, Math.max(2, d.dec)), d.pu), d.cost),
  spark: (d) => spark(d.spark),
  last(d) {
    const change = d.chg === null ? fmt.MISSING : fmt.arrow(d.chg) + " " + fmt.percent(d.chg);
    const warn = d.silent || d.far || d.kind;
    const title = [d.why, d.far ? `Valued by its ${d.far}, not by the last trade; change ${change}` : ""].filter(Boolean).join(". ");
    return two(unit(fmt.number(d.last, d.dec), d.pu), d.silent ? "silent" : d.far || d.kind || change,
      { tone: d.silent ? "warn" : "", below: warn ? "warn" : fmt.tone(d.chg), title });
  },
  mark: (d) => two(unit(fmt.number(d.mark, d.dec), d.pu), [d.mkind, d.mark_at ? inShort(ageText(d.mark_at)) : ""].filter(Boolean).join(" · "),
    { below: d.far ? "warn" : "", title: d.why }),
  day(d) {
    const { text, tone } = money(d.day);
    return two(text, d.day2, { tone, title: d.why || d.day2 });
  },
  unr(d) {
    const { text, tone } = money(d.unr);
    return two(text, fmt.percent(d.unrp), { tone, title: d.why });
  },
  ib(d) {
    const { text, tone } = money(d.ib);
    return two(text, [d.off ? "differs" : "", d.ib_at ? inShort(ageText(d.ib_at)) : ""].filter(Boolean).join(" · "),
      { tone, below: d.off ? "warn" : "", title: d.check });
  },
  exp: (d) => two(fmt.number(d.exp, 0),
    html`<span class="qt-meter"><i><b style="width: ${d.expp || 0}%"></b></i>${fmt.share(d.expp)}</span>`),
  emas: (d) => two(fmt.number(d.fast, d.dec), fmt.number(d.slow, d.dec)),
  trend(d) {
    if (!d.trend) {
      return toned(fmt.MISSING, "missing", "Not enough bars yet");
    }
    const up = d.trend === "above", title = `EMA of the last one-minute closes: ${d.trend_words}, the fast one ${d.trend} the slow one`;
    return two(up ? fmt.UP : fmt.DOWN, d.trend_words, { tone: up ? "gain" : "loss", title });
  },
  line_symbol: (d) => symbolLink(d),
  priority: (d) => html`<span class="qt-prio" data-c=${d.cls}>${LINE_CLASSES[d.cls] || d.cls}</span>`,
  lane(d) {
    const waiting = d.state !== "live";
    return html`<span class="qt-lane" data-lane=${waiting ? d.state : d.lane}>${waiting ? d.state : d.lane}</span>`;
  },
  out(d) {
    if (d.cls === "coverage") {
      return toned("visit", "missing", "Leaves after its visit");
    }
    return d.out === null ? toned("never", "missing") : html`<b>${d.out}</b>`;
  },
};

/** Further kinds, those of a page. @param {Record<string, Painter>} more */
export function addCells(more) {
  Object.assign(painters, more);
}

/** The sums at the bottom. @type {Painter} */
function total(d, field) {
  if (field === "sym") {
    return html`<b>${d.cur ? `Total, ${d.cur}` : "Total"}</b>`;
  }
  if (!(field in d)) {
    return nothing;
  }
  const { text, tone } = field === "exp" ? { text: fmt.number(d.exp, 0), tone: "" } : money(d[field]);
  const note = (d.notes || {})[field], title = note || (d[field] === null ? "A value is missing" : "");
  return html`<b data-tone=${given(tone)} class=${note ? "qt-noted" : ""} title=${given(title)}>${text}</b>`;
}

/**
 * Draw a cell anew; what is the same stays untouched.
 * @param {HTMLElement} host
 * @param {{kind: string, field: string, row: Row, isTotal: boolean, width: number}} cell
 */
export function paint(host, { kind, field, row, isTotal, width }) {
  render((isTotal ? total : painters[kind])(row, field, width), host);
}

/* ---- what the longest value needs, without asking the page for a layout ---- */
const FONTS = { top: "500 13px", sub: "400 11.5px", prio: "600 11px", bold: "700 13px", plain: "400 13px", head: "500 12px" };
const MORE_PX = { meter: 42, prio: 12, lane: 12, side: 14, bars: 52 };
const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
/** @type {Map<string, number>} */
const measured = new Map();
const family = getComputedStyle(document.documentElement).getPropertyValue("--qt-font") || "sans-serif";

/**
 * Width of a text in px; digits are as wide as each other.
 * @param {string} text
 * @param {"top" | "sub" | "prio" | "bold" | "plain" | "head"} font
 */
export function textPx(text, font) {
  const key = font + text.replace(/\d/g, "0");
  let px = measured.get(key);
  if (px === undefined) {
    if (measured.size > 4000) {
      measured.clear();
    }
    pen.font = `${FONTS[font]} ${family}`;
    px = Math.ceil(pen.measureText(key.slice(font.length)).width);
    measured.set(key, px);
  }
  return px;
}

/** Px that what is in a cell needs to be read whole. @param {HTMLElement} host @param {boolean} isTotal those are bold */
export function needPx(host, isTotal = false) {
  const lines = host.querySelectorAll(".qt-top, .qt-sub");
  if (lines.length) {
    return Math.max(...Array.from(lines, (line) => {
      const font = line.classList.contains("qt-sub") ? "sub" : line.firstElementChild || isTotal ? "bold" : "top";
      return textPx(line.textContent ?? "", font) + (line.querySelector(".qt-meter") ? MORE_PX.meter : 0);
    }));
  }
  const first = host.firstElementChild, text = host.textContent ?? "";
  if (first instanceof SVGElement) {
    return 76;
  }
  const extra = (host.querySelector(".qt-lane") ? MORE_PX.lane : 0) + (host.querySelector(".qt-side") ? MORE_PX.side : 0) +
    (host.querySelector(".qt-bars") ? MORE_PX.bars : 0);
  return first?.classList.contains("qt-prio") ? textPx(text, "prio") + MORE_PX.prio : textPx(text, isTotal || (first instanceof HTMLElement && /^(A|B)$/.test(first.tagName)) ? "bold" : "plain") + extra;
}
