/**
 * A box for one symbol: <div data-qt-pick="input id"> with an input and a list. Options are the names that the page has
 * (part "names"); `pick` says what a choice does, and what Enter does with a text that fits none.
 */
import { setProps } from "./dash.mjs";
import { all, make, maybe, one, within } from "./dom.mjs";
import { model, onNodes } from "./model.mjs";

/** @typedef {{con: number, sym: string, note?: string, rank?: number}} Item */
/** @typedef {{pick: (con: number, sym: string) => void, look: (text: string) => void}} Use */

const MOST = 8;
/** @type {Map<string, Use>} */
const uses = new Map();

/** @param {string} id of the input @param {Use} use */
export function pick(id, use) {
  uses.set(id, use);
}

/** Case, dots, dashes, slashes and runs of spaces do not matter. @param {string} text */
const folded = (text) => text.trim().toUpperCase().replace(/[\s.\-/]+/g, " ");

/** @param {string} wanted @param {string} name */
function rank(wanted, name) {
  return name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : -1;
}

/** @param {string} text @returns {Array<Item & {rank: number}>} */
function matches(text) {
  const wanted = folded(text);
  if (!wanted) {
    return [];
  }
  return Object.entries(model.names || {})
    .map(([con, sym]) => ({ con: Number(con), sym, rank: rank(wanted, folded(sym)) }))
    .filter((item) => item.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.sym.length - b.sym.length || (a.sym < b.sym ? -1 : 1))
    .slice(0, MOST);
}

/** @param {HTMLElement} frame */
const inputOf = (frame) => /** @type {HTMLInputElement} */ (one(frame, "input"));
/** @param {HTMLElement} frame */
const listOf = (frame) => one(frame, "[role=listbox]");
/** @param {HTMLElement} frame */
const chosenOf = (frame) => maybe(listOf(frame), "[aria-selected=true]");
/** @param {HTMLElement} frame */
const idOf = (frame) => frame.dataset.qtPick ?? "";

/** @param {HTMLElement} frame */
function close(frame) {
  show(frame, []);
}

/** @param {HTMLElement} frame @param {Item} item @param {number} i */
function option(frame, item, i) {
  const row = make("div");
  row.id = `${idOf(frame)}-${i}`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", String(i === 0));
  row.dataset.con = String(item.con);
  row.dataset.sym = item.sym;
  row.append(make("b", "", item.sym), make("span", "", item.note));
  return row;
}

/** @param {HTMLElement} frame @param {Item[]} items */
function show(frame, items) {
  const list = listOf(frame);
  list.replaceChildren(...items.map((item, i) => option(frame, item, i)));
  list.hidden = !items.length;
  inputOf(frame).setAttribute("aria-expanded", String(items.length > 0));
  mark(frame);
}

/** Let the user choose one of `items`. @param {string} id of the input @param {Item[]} items */
export function offer(id, items) {
  const frame = maybe(document, `[data-qt-pick='${id}']`);
  if (frame) {
    show(frame, items);
  }
}

/** @param {HTMLElement} frame */
function mark(frame) {
  const now = chosenOf(frame), input = inputOf(frame);
  if (now) {
    input.setAttribute("aria-activedescendant", now.id);
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

/** @param {HTMLElement} frame @param {number} step */
function move(frame, step) {
  const rows = Array.from(listOf(frame).children), now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === (now + step + rows.length) % rows.length)));
  mark(frame);
}

/** @param {HTMLElement} frame @param {number} con @param {string} sym */
function choose(frame, con, sym) {
  setProps(idOf(frame), { value: sym });
  close(frame);
  uses.get(idOf(frame))?.pick(con, sym);
}

/** @param {HTMLElement} frame @param {HTMLElement} row */
function chooseRow(frame, row) {
  choose(frame, Number(row.dataset.con), row.dataset.sym ?? "");
}

/** @param {HTMLElement} frame */
function enter(frame) {
  const row = chosenOf(frame), text = inputOf(frame).value.trim(), first = matches(text)[0];
  if (row) {
    chooseRow(frame, row);
  } else if (first && first.rank === 0) {
    choose(frame, first.con, first.sym);
  } else if (text) {
    uses.get(idOf(frame))?.look(text);
  }
}

/** @param {Event} event */
const frameOf = (event) => within(event, "[data-qt-pick]");

document.addEventListener("input", (event) => {
  const frame = frameOf(event);
  if (frame) {
    show(frame, matches(inputOf(frame).value));
  }
});
document.addEventListener("keydown", (event) => {
  const frame = frameOf(event);
  if (!frame) {
    return;
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(frame, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    event.preventDefault();
    enter(frame);
  } else if (event.key === "Escape") {
    close(frame);
  }
});
document.addEventListener("mousedown", (event) => {   // before the box loses the focus
  const frame = frameOf(event), row = within(event, "[data-qt-pick] [role=option]");
  if (frame && row) {
    event.preventDefault();
    chooseRow(frame, row);
  }
});
document.addEventListener("focusout", (event) => {
  const frame = frameOf(event);
  if (frame) {
    close(frame);
  }
});
document.addEventListener("focusin", (event) => {
  const frame = frameOf(event);
  if (frame && event.target instanceof HTMLInputElement) {
    event.target.select();
  }
});

onNodes(() => all(document, "[data-qt-pick]:not([data-ready])").forEach((frame) => {
  const input = inputOf(frame);
  frame.dataset.ready = "1";
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", listOf(frame).id);
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-label", frame.dataset.purpose ?? "");
}));
