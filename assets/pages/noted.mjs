/**
 * Notes and horizontal lines of the symbol that is shown, and the lists that hold it. A level comes by its price or by a click
 * on the chart, moves by its price or by dragging, goes by its button. What is being typed stays, whatever the poll brings.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { all, maybe, one, within } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";
import { candles, onPrice } from "./candles.mjs";

/** @typedef {[id: number, price: string, label: string, away: string | null]} Level */
/** @typedef {{con: number, note: string, levels: Level[], lists: Array<[id: number, name: string, holds: boolean]>}} Noted */

const NEAR_PX = 5, BROUGHT_MS = 600;   // a poll has brought the new price by then

const noted = () => /** @type {Noted | undefined} */ (/** @type {unknown} */ (model.noted));
const body = () => maybe(document, "[data-qt-noted]");
const frame = () => maybe(document, ".qt-symbol .qt-candles");

/** @param {Record<string, unknown> & {action: string}} request @param {(ok: boolean) => void} [then] */
function ask(request, then) {
  const con = noted()?.con, store = body()?.dataset.qtNoted;
  if (con === undefined || !store) {
    return;
  }
  askEngine(store, { con, ...request }, ({ ok, text, errors }) => {
    if (!ok) {
      toast({ kind: "error", title: "Nothing was changed", text: Object.values(errors)[0] ?? text });
    }
    then?.(ok);
  });
}

/** A price as it was typed: "1,234.5" too. @param {string} text @returns {number | null} */
function priceOf(text) {
  const value = Number(text.trim().replace(/,/g, "").replace("−", "-"));
  return text.trim() && Number.isFinite(value) ? value : null;
}

/** @param {{id?: number, price: number | null, label?: string}} level @param {(ok: boolean) => void} [then] */
function keep({ id = 0, price, label = "" }, then) {
  if (price === null) {
    toast({ kind: "error", title: "No price", text: "A level needs a price, like 408.50." });
    then?.(false);
    return;
  }
  ask({ action: "level", level: id, price, label }, then);
}

/* ---- drawing the card ---- */
/** @param {Level} level */
const levelRow = ([id, price, , away]) => html`<li class="qt-level" data-level=${id}>
  <input class="qt-input qt-input-num" data-field="price" inputmode="decimal" autocomplete="off" aria-label="Price of the level at ${price}">
  <input class="qt-input" data-field="label" maxlength="40" autocomplete="off" placeholder="label" aria-label="Label of the level at ${price}">
  <span class="qt-level-away" title="From the price of now">${away ?? "–"}</span>
  <button type="button" class="qt-icon-button bi bi-x-lg" data-noted-do="drop" title="Delete the level at ${price}"
    aria-label="Delete the level at ${price}"></button></li>`;

function draw() {
  const holder = body(), known = noted();
  if (!holder || !known) {
    return;
  }
  const { levels, lists } = known;
  render(html`
    <ul class="qt-levels" aria-label="Levels">${levels.map(levelRow)}</ul>
    <form class="qt-level qt-level-new" data-noted-form="level">
      <input class="qt-input qt-input-num" name="price" inputmode="decimal" autocomplete="off" placeholder="price" aria-label="Price of a new level">
      <input class="qt-input" name="label" maxlength="40" autocomplete="off" placeholder="label" aria-label="Label of a new level">
      <button type="submit" class="qt-button qt-button-small">Add level</button></form>
    <textarea class="qt-input qt-noted-note" rows="3" maxlength="2000" placeholder="note" aria-label="Note"></textarea>
    <div class="qt-noted-buttons" hidden><button type="button" class="qt-button qt-button-small qt-button-main" data-noted-do="note">Keep the note</button>
      <button type="button" class="qt-button qt-button-small qt-button-quiet" data-noted-do="undo">Discard</button></div>
    ${lists.length ? html`<div class="qt-noted-lists" role="group" aria-label="Watch-lists">${lists.map(([id, name, holds]) => html`<button
      type="button" class="qt-preset" data-noted-do="list" data-list=${id} aria-pressed=${holds ? "true" : "false"}>${name}</button>`)}</div>` : nothing}`, holder);
  fillIn(holder, known);
}

/** Values into the fields that nobody is in. @param {HTMLElement} holder @param {Noted} known */
function fillIn(holder, { levels, note, con }) {
  all(holder, ".qt-levels > .qt-level").forEach((row, i) => {
    for (const [field, value] of [["price", levels[i][1]], ["label", levels[i][2]]]) {
      const box = /** @type {HTMLInputElement} */ (one(row, `[data-field='${field}']`)), mark = `${con} ${levels[i][0]} ${value}`;
      if (document.activeElement !== box && box.dataset.mark !== mark) {
        box.value = value;
        box.dataset.mark = mark;
      }
    }
  });
  const box = noteBox(), mark = `${con} ${note}`;
  if (box && box.dataset.mark !== mark && (box.dataset.con !== String(con) || box.value === (box.dataset.kept ?? ""))) {
    Object.assign(box.dataset, { mark, con: String(con), kept: note });
    box.value = note;
  }
  showNoteButtons();
}

/** @returns {HTMLTextAreaElement | null} */
const noteBox = () => document.querySelector(".qt-noted-note");

function showNoteButtons() {
  const box = noteBox(), buttons = maybe(document, ".qt-noted-buttons");
  if (box && buttons) {
    buttons.hidden = box.value === (box.dataset.kept ?? "");
  }
}

function keepNote() {
  const box = noteBox(), text = box?.value ?? "";
  if (box && text !== (box.dataset.kept ?? "")) {
    ask({ action: "note", text }, (ok) => {
      if (ok) {
        box.dataset.kept = text;
        showNoteButtons();
        toast({ kind: "ok", title: "Note kept", text: text.slice(0, 60) });
      }
    });
  }
}

/** A changed field of a level is kept when it is left, or by Enter. @param {HTMLInputElement} box */
function keepField(box) {
  const row = /** @type {HTMLElement} */ (box.closest("[data-level]")), id = Number(row.dataset.level);
  const level = noted()?.levels.find(([each]) => each === id);
  const value = (/** @type {string} */ field) => /** @type {HTMLInputElement} */ (one(row, `[data-field='${field}']`)).value.trim();
  if (level && (value("price") !== level[1] || value("label") !== level[2])) {
    keep({ id, price: priceOf(value("price")), label: value("label") }, (ok) => {
      if (!ok) {
        delete box.dataset.mark;
        draw();
      }
    });
  }
}

document.addEventListener("change", (event) => {
  const box = within(event, "[data-level] [data-field]");
  if (box instanceof HTMLInputElement) {
    keepField(box);
  }
});
document.addEventListener("input", (event) => {
  if (within(event, ".qt-noted-note")) {
    showNoteButtons();
  }
});
document.addEventListener("submit", (event) => {
  const form = within(event, "[data-noted-form]");
  if (!(form instanceof HTMLFormElement)) {
    return;
  }
  event.preventDefault();
  const [price, label] = all(form, "input").map((box) => /** @type {HTMLInputElement} */ (box));
  keep({ price: priceOf(price.value), label: label.value }, (ok) => {
    if (ok) {
      price.value = label.value = "";
      price.focus();
    }
  });
});
document.addEventListener("click", (event) => {
  const pressed = within(event, "[data-noted-do]"), what = pressed?.dataset.notedDo;
  if (!pressed) {
    return;
  }
  if (what === "draw") {
    setDrawing(!isDrawing);
  } else if (what === "drop") {
    ask({ action: "drop-level", level: Number(/** @type {HTMLElement} */ (pressed.closest("[data-level]")).dataset.level) });
  } else if (what === "note") {
    keepNote();
  } else if (what === "undo") {
    const box = noteBox();
    if (box) {
      box.value = box.dataset.kept ?? "";
      showNoteButtons();
    }
  } else if (what === "list") {
    const isIn = pressed.getAttribute("aria-pressed") === "true";
    ask({ action: "list", do: isIn ? "remove" : "add", list: Number(pressed.dataset.list) });
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isDrawing) {
    setDrawing(false);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && within(event, ".qt-noted-note")) {
    keepNote();
  } else if (event.key === "Enter" && within(event, "[data-level] [data-field]")) {
    event.preventDefault();
    keepField(/** @type {HTMLInputElement} */ (event.target));
  }
});

onPart("noted", draw);
onNodes(() => {
  const holder = body();
  if (holder && !holder.firstElementChild) {
    setDrawing(false);
    draw();
  }
});

/* ---- on the chart ---- */
let isDrawing = false;
/** @param {boolean} on */
function setDrawing(on) {
  isDrawing = on;
  maybe(document, "[data-noted-do='draw']")?.setAttribute("aria-pressed", String(on));
  frame()?.toggleAttribute("data-drawing", on);
}

/** The place of a mouse event in the chart, px; null = it is not over it. @param {MouseEvent} event */
function placeOf(event) {
  const host = candles.host;
  if (!host || !(event.target instanceof Node) || !host.contains(event.target)) {
    return null;
  }
  const box = host.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** The level that lies at this height. @param {number} y @returns {{id: number, price: number, label: string} | null} */
function levelAt(y) {
  if (!candles.isOn("mine")) {
    return null;
  }
  /** @type {Array<[id: number, price: number, label: string]>} */
  const levels = candles.over().levels ?? [];
  const near = levels.map((level) => ({ level, px: Math.abs((candles.heightOf(level[1]) ?? Infinity) - y) }))
    .filter(({ px }) => px <= NEAR_PX).sort((a, b) => a.px - b.px)[0];
  return near ? { id: near.level[0], price: near.level[1], label: near.level[2] } : null;
}

/* Before the library hears of it: a level that is taken must not scroll the chart. */
document.addEventListener("mousedown", (event) => {
  const place = event.button === 0 ? placeOf(event) : null;
  const level = place && !isDrawing ? levelAt(place.y) : null;
  if (level) {
    candles.dragged = { id: level.id, price: level.price };
    event.preventDefault();
    event.stopPropagation();
  }
}, true);
document.addEventListener("mousemove", (event) => {
  if (candles.dragged && candles.host) {
    const y = event.clientY - candles.host.getBoundingClientRect().top, price = candles.priceAt(y);
    event.stopPropagation();
    if (price !== null && price !== candles.dragged.price) {
      candles.dragged.price = price;
      candles.dress();
    }
    return;
  }
  const holder = frame(), place = holder && placeOf(event);
  holder?.toggleAttribute("data-near", Boolean(place && !isDrawing && levelAt(place.y)));
}, true);
document.addEventListener("mouseup", (event) => {
  const moved = candles.dragged;
  if (moved) {
    event.stopPropagation();
    const level = noted()?.levels.find(([id]) => id === moved.id);
    const before = candles.over().levels?.find((/** @type {any[]} */ each) => each[0] === moved.id)?.[1];
    const settle = () => {
      candles.dragged = null;
      candles.check();
    };
    if (level && before !== moved.price) {
      const wait = (/** @type {boolean} */ ok) => window.setTimeout(settle, ok ? BROUGHT_MS : 0);
      keep({ id: moved.id, price: moved.price, label: level[2] }, wait);
    } else {
      settle();
    }
  }
}, true);
onPrice((price) => {
  if (isDrawing) {
    setDrawing(false);
    keep({ price });
  }
});
