/* A box for one symbol: <div data-qt-pick="input id"> with an input and a list. Options are the names that the page has
   (part "names"); qt.pick(id, {pick: fn(con, sym), look: fn(text)}) says what a choice does, and what Enter does with a
   text that fits none. */
import { setProps } from "./dash.mjs";
import { model, onNodes } from "./model.mjs";

const MOST = 8;
const uses = {};
export function pick(id, use) { uses[id] = use; };

/* Case, dots, dashes, slashes and runs of spaces do not matter. */
function folded(text) { return text.trim().toUpperCase().replace(/[\s.\-/]+/g, " "); }

function rank(wanted, name) {
  if (name === wanted) { return 0; }
  return name.indexOf(wanted) === 0 ? 1 : name.indexOf(wanted) > 0 ? 2 : -1;
}

function matches(text) {
  const wanted = folded(text), names = model.names || {};
  if (!wanted) { return []; }
  const found = Object.keys(names).map((con) => {
    return { con: Number(con), sym: names[con], rank: rank(wanted, folded(names[con])) };
  }).filter((item) => { return item.rank >= 0; });
  found.sort((a, b) => { return a.rank - b.rank || a.sym.length - b.sym.length || (a.sym < b.sym ? -1 : 1); });
  return found.slice(0, MOST);
}

function parts(frame) {
  return { input: frame.querySelector("input"), list: frame.querySelector("[role=listbox]"), use: uses[frame.dataset.qtPick] };
}

function close(frame) {
  const p = parts(frame);
  p.list.hidden = true;
  p.list.replaceChildren();
  p.input.setAttribute("aria-expanded", "false");
  p.input.removeAttribute("aria-activedescendant");
}

function option(frame, item, i) {
  const row = document.createElement("div"), name = document.createElement("b"), note = document.createElement("span");
  row.id = frame.dataset.qtPick + "-" + i;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", i === 0 ? "true" : "false");
  row.dataset.con = item.con;
  row.dataset.sym = item.sym;
  name.textContent = item.sym;
  note.textContent = item.note || "";
  row.append(name, note);
  return row;
}

function show(frame, items) {
  const p = parts(frame);
  p.list.replaceChildren(...items.map((item, i) => { return option(frame, item, i); }));
  p.list.hidden = !items.length;
  p.input.setAttribute("aria-expanded", items.length ? "true" : "false");
  mark(p);
}
export function offer(id, items) {
  const frame = document.querySelector("[data-qt-pick='" + id + "']");
  if (frame) { show(frame, items); }
};

function mark(p) {
  const now = p.list.querySelector("[aria-selected=true]");
  if (now) { p.input.setAttribute("aria-activedescendant", now.id); } else { p.input.removeAttribute("aria-activedescendant"); }
}

function move(p, step) {
  const rows = Array.prototype.slice.call(p.list.children);
  if (!rows.length) { return; }
  const now = rows.findIndex((row) => { return row.getAttribute("aria-selected") === "true"; });
  rows.forEach((row, i) => {
    row.setAttribute("aria-selected", i === (now + step + rows.length) % rows.length ? "true" : "false");
  });
  mark(p);
}

function choose(frame, row) {
  const p = parts(frame), con = Number(row.dataset.con), sym = row.dataset.sym;
  setProps(frame.dataset.qtPick, { value: sym });
  close(frame);
  if (p.use) { p.use.pick(con, sym); }
}

function enter(frame) {
  const p = parts(frame), row = p.list.querySelector("[aria-selected=true]"), text = p.input.value.trim();
  const exact = row || document.createElement("div"), first = matches(text)[0];
  if (row) { choose(frame, exact); return; }
  if (first && first.rank === 0) { choose(frame, option(frame, first, 0)); return; }
  if (text && p.use) { p.use.look(text); }
}

function frameOf(event) { return event.target.closest && event.target.closest("[data-qt-pick]"); }
document.addEventListener("input", (event) => {
  const frame = frameOf(event);
  if (frame) { show(frame, matches(event.target.value)); }
});
document.addEventListener("keydown", (event) => {
  const frame = frameOf(event);
  if (!frame) { return; }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(parts(frame), event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    event.preventDefault();
    enter(frame);
  } else if (event.key === "Escape") {
    close(frame);
  }
});
document.addEventListener("mousedown", (event) => {   // before the box loses the focus
  const row = event.target.closest && event.target.closest("[data-qt-pick] [role=option]");
  if (row) { event.preventDefault(); choose(row.closest("[data-qt-pick]"), row); }
});
document.addEventListener("focusout", (event) => {
  const frame = frameOf(event);
  if (frame) { close(frame); }
});
document.addEventListener("focusin", (event) => {
  const frame = frameOf(event);
  if (frame && event.target.tagName === "INPUT") { event.target.select(); }
});
onNodes(() => {
  document.querySelectorAll("[data-qt-pick]:not([data-ready])").forEach((frame) => {
    const p = parts(frame);
    frame.dataset.ready = "1";
    p.input.setAttribute("role", "combobox");
    p.input.setAttribute("aria-autocomplete", "list");
    p.input.setAttribute("aria-controls", p.list.id);
    p.input.setAttribute("aria-expanded", "false");
    p.input.setAttribute("aria-label", frame.dataset.purpose);
  });
});
