/**
 * Heatmaps of symbols across and factors down: <tbody data-qt-heat="top" data-factors="change:Change %|..." data-most="12">
 * with the part "heat:top" (heat-cells.mjs): {cols: [[con_id, symbol, side]] best first, best: how many of them are the best
 * of now, factor: [[text, step]]}.
 *
 * The columns stay where they are while the page is open: a symbol that comes is put at the end while there is room, one
 * that leaves keeps its place without values, and <button data-qt-heat-order="top"> takes the order of now.
 */
import { adoptAll } from "./bind.mjs";
import { setText } from "./dom.mjs";
import * as fmt from "./format.mjs";
import { hold, orderWords } from "./hold.mjs";
import { model, onPart } from "./model.mjs";
import { nameOf } from "./values.mjs";

/** @typedef {[string, number | null]} Shown text and step, -3 (far against) to 3 (far for), null = not known */
/** @typedef {[number, string, (string | null)?]} Column */
/** @typedef {{td: HTMLTableCellElement, text: string, step: string, con: string}} Cell */
/** @typedef {{th: HTMLTableCellElement, link: HTMLAnchorElement, name: string, href: string, side: string}} Head */
/** @typedef {{key: string, row: HTMLTableRowElement, cells: Cell[]}} Line */
/** @typedef {{body: HTMLElement, name: string, most: number, head: HTMLTableRowElement, heads: Head[], lines: Line[],
 *   held: string[], known: Map<string, Column>}} Heat */

const NOTHING = /** @type {Shown} */ ([fmt.MISSING, null]);
/** @type {Set<Heat>} */
const heats = new Set();

/**
 * An arrow and a colour before the name: "long" unless said otherwise, none for null.
 * @param {HTMLElement} link
 * @param {string | null} [of]
 */
export function side(link, of) {
  const shown = of === null ? "" : of || "long";
  if ((link.dataset.side || "") !== shown) {
    link.dataset.side = shown;
  }
}

/** @param {number | null} step */
export function stepMark(step) {
  return step === null ? "none" : String(step);
}

/** @param {Cell} cell @param {string} text @param {string} step @param {string} con */
function fill(cell, text, step, con) {
  if (cell.text !== text) {
    cell.text = text;
    setText(cell.td, text);
  }
  if (cell.step !== step) {
    cell.step = cell.td.dataset.step = step;
  }
  if (cell.con !== con) {
    cell.con = cell.td.dataset.con = con;
  }
}

/** As many as there are columns. @param {Heat} heat @param {number} count */
function widen(heat, count) {
  while (heat.heads.length < count) {
    const th = document.createElement("th"), link = document.createElement("a");
    th.scope = "col";
    th.append(link);
    heat.head.append(th);
    heat.heads.push({ th, link, name: "", href: "", side: "-" });
  }
  heat.heads.splice(count).forEach(({ th }) => th.remove());
  heat.lines.forEach(({ row, cells }) => {
    while (cells.length < count) {
      const td = document.createElement("td");
      row.append(td);
      cells.push({ td, text: "", step: "", con: "" });
    }
    cells.splice(count).forEach(({ td }) => td.remove());
  });
}

/** @param {Head} head @param {Column} column @param {boolean} isHere */
function drawHead(head, [con, symbol, of], isHere) {
  const href = `/symbol/${encodeURIComponent(con)}`;   // two contracts may have the same symbol
  const shown = isHere ? of === null ? "" : of || "long" : "";
  if (head.name !== symbol) {
    head.name = symbol;
    setText(head.link, nameOf(symbol));
  }
  if (head.href !== href) {
    head.href = head.link.href = href;
  }
  if (head.side !== shown) {
    head.side = head.link.dataset.side = shown;
  }
  const title = isHere ? symbol : `${symbol} is no candidate now`;
  if (head.link.title !== title) {
    head.link.title = title;
  }
}

/** @param {Heat} heat */
function draw(heat) {
  const part = model[`heat:${heat.name}`];
  if (!part) {
    return;   // not asked for while it is out of sight: what was drawn stays
  }
  const columns = /** @type {Column[]} */ (part.cols || []), at = new Map(columns.map((column, i) => [String(column[0]), i]));
  columns.forEach((column) => heat.known.set(String(column[0]), column));
  const { order, fresh, moved } = hold(heat.held, [...at.keys()].slice(0, part.best ?? columns.length), heat.most);
  heat.held = order;
  widen(heat, order.length);
  order.forEach((id, i) => drawHead(heat.heads[i], /** @type {Column} */ (heat.known.get(id)), at.has(id)));
  heat.lines.forEach(({ key, cells }) => {
    const values = /** @type {Shown[]} */ (part[key]);
    if (values) {
      order.forEach((id, i) => {
        const [text, step] = values[at.get(id) ?? -1] ?? NOTHING;
        fill(cells[i], text, stepMark(step), id);
      });
    } else {
      order.forEach((id, i) => fill(cells[i], cells[i].text || fmt.MISSING, cells[i].step || "none", id));
    }
  });
  drawButton(heat.name, moved, fresh);
}

/**
 * The button that takes the order of now; it keeps its room while there is nothing to take.
 * @param {string} name
 * @param {boolean} moved
 * @param {number} fresh
 */
export function drawButton(name, moved, fresh) {
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-qt-heat-order="${name}"]`));
  if (button) {
    setText(button, orderWords(moved ? fresh : 0));
    button.toggleAttribute("data-idle", !moved);
  }
}

/** Called with a heatmap's name when its order of now is asked for. @type {Array<(name: string) => void>} */
const takers = [];
/** @param {(name: string) => void} fn */
export function onOrder(fn) {
  takers.push(fn);
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-qt-heat-order]") : null;
  if (button instanceof HTMLElement) {
    takers.forEach((fn) => fn(button.dataset.qtHeatOrder ?? ""));
  }
});
onOrder((name) => heats.forEach((heat) => {
  if (heat.name === name) {
    heat.held = [];
    draw(heat);
  }
}));

/**
 * Fill one line's cells by themselves, by symbol: what is counted here.
 * @param {string} name
 * @param {string} key the factor
 * @param {(con: string) => Shown | null} of null = the cell stays as it is
 */
export function fillLine(name, key, of) {
  heats.forEach((heat) => {
    const line = heat.name === name && heat.lines.find((each) => each.key === key);
    if (line) {
      line.cells.forEach((cell) => {
        const shown = of(cell.con);
        if (shown) {
          fill(cell, shown[0], stepMark(shown[1]), cell.con);
        }
      });
    }
  });
}

/** con_ids of the columns that stand there, and how many have room; null = it is not on the page. @param {string} name */
export function standing(name) {
  const heat = [...heats].find((each) => each.name === name && each.body.isConnected);
  return heat ? { held: heat.held, most: heat.most } : null;
}

/** Nobody stands there any more: other symbols are shown. @param {string} name */
export function letGo(name) {
  heats.forEach((heat) => {
    heat.held = heat.name === name ? [] : heat.held;
  });
}

/** How many columns a heatmap has. @param {string} name */
export function columnsOf(name) {
  let count = 0;
  heats.forEach((heat) => {
    count = heat.name === name ? heat.heads.length : count;
  });
  return count;
}

/** @param {HTMLElement} body */
function adopt(body) {
  const table = /** @type {HTMLTableElement} */ (body.closest("table"));
  const lines = (body.dataset.factors ?? "").split("|").map((text) => {
    const [key, label] = text.split(":"), row = document.createElement("tr"), th = document.createElement("th");
    th.scope = "row";
    th.textContent = label;
    row.append(th);
    body.append(row);
    return { key, row, cells: [] };
  });
  const head = /** @type {HTMLTableSectionElement} */ (table.tHead).rows[0];
  /** @type {Heat} */
  const heat = { body, name: body.dataset.qtHeat ?? "", most: Number(body.dataset.most), head, heads: [], lines, held: [], known: new Map() };
  heats.add(heat);
  draw(heat);
}

onPart("heat", (name) => {
  heats.forEach((heat) => {
    if (!heat.body.isConnected) {
      heats.delete(heat);
    } else if (heat.name === name) {
      draw(heat);
    }
  });
});
adoptAll("[data-qt-heat]", adopt);
