/** Lists page: which lists there are, the order of their symbols, what is added and imported, and the report of it. */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { all, make, maybe, one, setText, within } from "../core/dom.mjs";
import { setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { ageText } from "../core/freshness.mjs";
import { every } from "../core/every.mjs";
import { model, onApplied, onNodes, onPart } from "../core/model.mjs";
import { offer, pick } from "../core/pick.mjs";
import { toast } from "../core/toast.mjs";
import { nameOf } from "../core/values.mjs";
import { chooseList, chosenList, namesOfLists } from "./watch-grid.mjs";

/** @typedef {import("../core/ask.mjs").Request} Request */
/** @typedef {[line: number, text: string, state: string, detail: string, con: number, sym: string,
 *   choices: Array<[con: number, sym: string, about: string]>]} ReportRow */
/** @typedef {Record<string, any>} Row */

const STORE = "lists-request", ADD = "lists-add";
const STATES = { taken: "taken", known: "there already", ambiguous: "which one?", unknown: "unknown", refused: "refused" };
const FILE_MOST = 400_000;   // bytes; the server says how many characters are read

/** What is asked before it is done: the list whose deletion waits for a yes, the one that is being renamed.
 * @type {{deleting: string | null, renaming: string | null}} */
const asked = { deleting: null, renaming: null };
/** Where the focus belongs once the new order is drawn: con_id (or list) and button. @type {[key: string, what: string] | null} */
let focus = null;
/** Names that the broker has found for this page. @type {Map<string, number>} */
const met = new Map();

/** @param {Request} request @param {(ok: boolean) => void} [then] */
function ask(request, then) {
  askEngine(STORE, request, ({ ok, text, errors }) => {
    if (!ok) {
      toast({ kind: "error", title: "Nothing was changed", text: Object.values(errors)[0] ?? text });
    }
    then?.(ok);
  });
}

/* ---- which lists ---- */
/** @param {string} id @param {string} what @param {string} label @param {string} glyph @param {boolean} [off] */
const listButton = (id, what, label, glyph, off = false) => html`<button type="button" class="qt-icon-button bi bi-${glyph}"
  title=${label} aria-label=${label} data-list-do=${what} data-list=${id} ?disabled=${off}></button>`;

/** @param {[id: string, name: string]} list @param {number} place @param {number} last */
function listRow([id, name], place, last) {
  const count = model.lists[id][2], isHere = id === chosenList();
  if (asked.renaming === id) {
    return html`<li class="qt-lists-row"><form data-lists-form="rename" data-list=${id}>
      <input class="qt-input" name="name" aria-label="New name of ${name}" maxlength="40" .value=${name} autocomplete="off">
      <button type="submit" class="qt-button qt-button-small">Keep</button>
      <button type="button" class="qt-button qt-button-small qt-button-quiet" data-list-do="back" data-list=${id}>Back</button></form></li>`;
  }
  if (asked.deleting === id) {
    return html`<li class="qt-lists-row" role="alert"><span class="qt-push">Delete ${name} with ${count} symbol${count === 1 ? "" : "s"}?</span>
      <button type="button" class="qt-button qt-button-small" data-list-do="deleted" data-list=${id}>Delete</button>
      <button type="button" class="qt-button qt-button-small qt-button-quiet" data-list-do="back" data-list=${id}>Back</button></li>`;
  }
  return html`<li class="qt-lists-row" ?data-here=${isHere}>
    <button type="button" class="qt-lists-pick" data-list-do="show" data-list=${id} aria-current=${isHere ? "true" : nothing}><b>${name}</b><span
      class="qt-soft">${count}</span></button>
    ${listButton(id, "up", `Move ${name} up`, "chevron-up", place === 0)}
    ${listButton(id, "down", `Move ${name} down`, "chevron-down", place === last)}
    ${listButton(id, "rename", `Rename ${name}`, "pencil")}
    ${listButton(id, "delete", `Delete ${name}`, "trash")}</li>`;
}

function drawLists() {
  const names = namesOfLists();
  all(document, "[data-qt-lists]").forEach((holder) => {
    render(names.length ? html`<ul class="qt-lists-ul">${names.map((list, i) => listRow(list, i, names.length - 1))}</ul>` :
      html`<p class="qt-soft">No list yet. Give the first one a name.</p>`, holder);
  });
  all(document, ".qt-listed-name").forEach((holder) => {
    holder.textContent = names.find(([id]) => id === chosenList())?.[1] ?? "";
  });
  all(document, "[data-lists-do='import']").forEach((button) => button.toggleAttribute("disabled", !names.length));
}

/** @param {string} what @param {string} id */
function doList(what, id) {
  const names = namesOfLists(), place = names.findIndex(([each]) => each === id), list = Number(id);
  if (what === "show") {
    chooseList(id);
    drawAll();
  } else if (what === "up" || what === "down") {
    focus = [`list ${id}`, what];
    ask({ action: "list", do: "move-list", list, place: Math.max(0, place + (what === "up" ? -1 : 1)) });
  } else if (what === "deleted") {
    ask({ action: "list", do: "delete", list });
    asked.deleting = null;
  } else {
    asked.renaming = what === "rename" ? id : null;
    asked.deleting = what === "delete" ? id : null;
    drawLists();
    /** @type {HTMLElement | null} */
    const first = document.querySelector(".qt-lists-row input, .qt-lists-row[role=alert] button");
    (first ?? maybe(document, `[data-list-do='show'][data-list='${id}']`))?.focus();
  }
}

/* ---- the symbols of the list ---- */
/** @returns {Array<[con: string, row: Row]>} */
function listed() {
  /** @type {Record<string, Row>} */
  const rows = model[`grid:watch-${chosenList()}`] ?? {};
  return Object.entries(rows).sort((a, b) => a[1].order - b[1].order);
}

/** @param {string} con @param {string} what @param {string} label @param {string} glyph @param {boolean} [off] */
const rowButton = (con, what, label, glyph, off = false) => html`<button type="button" class="qt-icon-button bi bi-${glyph}"
  title=${label} aria-label=${label} data-row-do=${what} data-con=${con} ?disabled=${off}></button>`;

/** @param {[con: string, row: Row]} entry @param {number} place @param {number} last */
function symbolRow([con, d], place, last) {
  const name = nameOf(d.sym), price = d.last === null ? fmt.MISSING : fmt.number(d.last, d.dec);
  return html`<tr draggable="true" data-con=${con}>
    <td class="qt-grip" title="Drag to another place"><i class="bi bi-grip-vertical" aria-hidden="true"></i></td>
    <td class="num qt-soft">${place + 1}</td>
    <td><a href="/symbol/${con}" class="qt-sym">${name}</a></td>
    <td class="soft qt-listed-about">${d.about}</td>
    <td class="qt-c-icon">${d.note ? html`<i class="qt-icon bi bi-sticky" role="img" aria-label="Note: ${d.note}" title=${d.note}></i>` : nothing}</td>
    <td class="num" data-tone=${d.kind ? "warn" : d.last === null ? "missing" : nothing} title=${d.kind || (d.last === null ? d.why : nothing)}>${price}</td>
    <td class="num" data-tone=${d.chg === null ? "missing" : fmt.tone(d.chg)}>${d.chg === null ? fmt.MISSING : `${fmt.arrow(d.chg)} ${fmt.percent(d.chg)}`.trim()}</td>
    <td class="qt-listed-lane"><span class="qt-lane" data-lane=${d.lane} title=${d.why}>${d.lane === "none" ? "no price yet" : d.lane}</span></td>
    <td class="num qt-listed-age" data-at=${d.at ?? ""}></td>
    <td class="qt-listed-do">${rowButton(con, "up", `Move ${name} up`, "chevron-up", place === 0)}${rowButton(con, "down", `Move ${name} down`,
      "chevron-down", place === last)}${rowButton(con, "remove", `Remove ${name} from the list`, "x-lg")}</td></tr>`;
}

function drawListed() {
  const holder = maybe(document, "[data-qt-listed]");
  if (!holder) {
    return;
  }
  const rows = listed(), id = chosenList();
  const none = id === null ? "Make a list first." : "This list is empty: add a symbol above, or paste several beside.";
  render(rows.length ? html`<table class="qt-table"><caption class="visually-hidden">Symbols of the list in its order</caption>
    <thead><tr><th><span class="visually-hidden">Drag</span></th><th class="num">#</th><th>Symbol</th><th class="qt-listed-about">What</th>
    <th><span class="visually-hidden">Note</span></th><th class="num">Last</th><th class="num">Change</th><th class="qt-listed-lane">Price comes</th>
    <th class="num qt-listed-age">Age</th><th><span class="visually-hidden">Order</span></th></tr></thead>
    <tbody>${rows.map((entry, i) => symbolRow(entry, i, rows.length - 1))}</tbody></table>` : html`<p class="qt-soft qt-listed-none">${none}</p>`, holder);
  tellAges();
  refocus();
}

/** The pressed button keeps the focus when its row has moved; at an end its neighbour takes it. */
function refocus() {
  if (!focus || document.activeElement?.closest("input, textarea")) {
    focus = null;
    return;
  }
  const [key, what] = focus, con = key.replace("list ", ""), isList = key.startsWith("list ");
  const at = (/** @type {string} */ action) => /** @type {HTMLButtonElement | null} */ (document.querySelector(isList ?
    `[data-list-do='${action}'][data-list='${con}']` : `[data-row-do='${action}'][data-con='${con}']`));
  const wanted = at(what), other = at(what === "up" ? "down" : "up");
  (wanted?.disabled ? other : wanted)?.focus();
}

/** What counts seconds is written beside the template. */
const tellAges = () => all(document, ".qt-listed-age[data-at]").forEach((cell) =>
  setText(cell, cell.dataset.at ? ageText(Number(cell.dataset.at)) : fmt.MISSING));
every(1000, tellAges);

/** @param {string} con @param {number} place */
function moveTo(con, place) {
  ask({ action: "list", do: "move", list: Number(chosenList()), con: Number(con), place: Math.max(0, place) });
}

/** @param {string} what @param {string} con */
function doRow(what, con) {
  const place = listed().findIndex(([each]) => each === con);
  if (what === "remove") {
    const next = listed()[place + 1] ?? listed()[place - 1], list = Number(chosenList()), sym = listed()[place]?.[1].sym ?? "";
    focus = next ? [next[0], "remove"] : null;
    ask({ action: "list", do: "remove", list, con: Number(con) }, (ok) => {
      if (ok) {
        toast({ kind: "info", title: "Removed", text: `${sym} is no longer in the list.`,
          action: { label: "Undo", run: () => ask({ action: "list", do: "add", list, con: Number(con) },
            (back) => back && ask({ action: "list", do: "move", list, con: Number(con), place })) } });
      }
    });
    return;
  }
  focus = [con, what];
  moveTo(con, place + (what === "up" ? -1 : 1));
}

/* Dragging a row: it is put where it is let go. */
/** @type {string | null} */
let dragged = null;
/** @param {Event} event */
const rowOf = (event) => within(event, "[data-qt-listed] tr[data-con]");
document.addEventListener("dragstart", (event) => {
  dragged = rowOf(event)?.dataset.con ?? null;
  if (dragged && event.dataTransfer) {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged);
  }
});
document.addEventListener("dragover", (event) => {
  const row = rowOf(event);
  all(document, "tr[data-drop]").forEach((other) => other.toggleAttribute("data-drop", other === row));
  if (dragged && row) {
    event.preventDefault();
    row.toggleAttribute("data-drop", true);
  }
});
document.addEventListener("drop", (event) => {
  const row = rowOf(event), con = dragged;
  if (con && row) {
    event.preventDefault();
    moveTo(con, listed().findIndex(([each]) => each === row.dataset.con));
  }
});
document.addEventListener("dragend", () => {
  dragged = null;
  all(document, "tr[data-drop]").forEach((row) => row.removeAttribute("data-drop"));
});

/* ---- adding ---- */
/** @param {number} con @param {string} sym */
function add(con, sym) {
  const list = chosenList();
  if (list === null) {
    toast({ kind: "error", title: "No list", text: "Make a list first." });
    return;
  }
  if (String(con) in (model[`grid:watch-${list}`] ?? {})) {
    setProps(ADD, { value: "" });
    toast({ kind: "info", title: "Already in the list", text: `${sym} is in ${namesOfLists().find(([id]) => id === list)?.[1] ?? "it"}.` });
    return;
  }
  ask({ action: "list", do: "add", list: Number(list), con }, (ok) => {
    if (ok) {
      setProps(ADD, { value: "" });
      toast({ kind: "ok", title: "Added", text: sym });
    }
  });
}

pick(ADD, {
  pick: add,
  look(text) {
    const name = text.toUpperCase(), known = met.get(name);
    if (known) {
      add(known, name);
      return;
    }
    askEngine(STORE, { action: "find", text }, ({ ok, text: said, value }) => {
      /** @type {Array<[con: number, sym: string, type: string, exchange: string, isCalledSo: boolean]>} */
      const rows = ok && value ? value : [];
      if (rows.length === 1 && rows[0][4]) {
        met.set(name, rows[0][0]);
        add(rows[0][0], rows[0][1]);
      } else if (rows.length) {
        offer(ADD, rows.map((row) => ({ con: row[0], sym: row[1], note: `${row[2]} ${row[3]}` })));
      } else {
        toast({ kind: "error", title: "Not found", text: said });
      }
    });
  },
});

/* ---- importing ---- */
/** @returns {HTMLTextAreaElement | null} */
const pasteBox = () => document.querySelector("#lists-paste");

function buildInputs() {
  const paste = maybe(document, ".qt-lists-paste"), file = maybe(document, ".qt-lists-file"), name = maybe(document, ".qt-lists-name");
  if (paste && !paste.firstChild) {
    const box = make("textarea", "qt-input");
    box.id = "lists-paste";
    box.rows = 6;
    box.spellcheck = false;
    box.placeholder = paste.dataset.placeholder ?? "";
    box.setAttribute("aria-label", "Symbols to take into the list");
    paste.append(box);
  }
  if (name && !name.firstChild) {
    const box = make("input", "qt-input");
    box.id = "lists-name";
    box.name = "name";
    box.maxLength = 40;
    box.autocomplete = "off";
    box.placeholder = "name of a new list";
    name.append(box);
  }
  if (file && !file.firstChild) {
    const box = make("input", "visually-hidden");
    box.type = "file";
    box.accept = ".csv,.txt,text/csv,text/plain";
    box.setAttribute("aria-label", "Choose a file");
    box.addEventListener("change", () => void readFile(box));
    file.append(box);
  }
}

/** @param {HTMLInputElement} input */
async function readFile(input) {
  const file = input.files?.[0], box = pasteBox();
  input.value = "";
  if (!file || !box) {
    return;
  }
  if (file.size > FILE_MOST) {
    toast({ kind: "error", title: "Too large", text: `${file.name} has ${fmt.number(file.size / 1000, 0)} kB: no list of symbols is so long.` });
    return;
  }
  box.value = await file.text();
  box.focus();
}

function startImport() {
  const box = pasteBox(), list = chosenList();
  if (box && list !== null) {
    ask({ action: "import", list: Number(list), text: box.value }, (ok) => {
      if (ok) {
        box.value = "";
      }
    });
  }
}

/** @type {string | null} */
let closed = null;   // the report that was put away

/** @param {ReportRow} row @param {number} list */
function reportRow([line, text, state, detail, , sym, choices], list) {
  const buttons = choices.map(([con, name, about]) => html`<button type="button" class="qt-button qt-button-small" data-take=${con}
    data-sym=${name} data-list=${list}><b>${name}</b> ${about}</button>`);
  return html`<tr><td class="num qt-soft">${line}</td><td class="qt-report-text">${text}</td><td data-tone=${
    { taken: "gain", refused: "loss", unknown: "warn", ambiguous: "warn" }[state] ?? nothing}>${
    STATES[/** @type {keyof typeof STATES} */ (state)] ?? state}</td><td class="wide">${sym && sym !== text.toUpperCase() ? html`<b>${sym}</b> ` : nothing}${
    detail}${buttons.length ? html`<div class="qt-report-choices">${buttons}</div>` : nothing}</td></tr>`;
}

function drawReport() {
  const holder = maybe(document, "[data-qt-report]"), report = model.report;
  if (!holder) {
    return;
  }
  if (!report?.id || report.id === closed) {
    render(nothing, holder);
    return;
  }
  /** @type {ReportRow[]} */
  const rows = report.rows ?? [], rank = ["ambiguous", "unknown", "refused", "taken", "known"];
  const sorted = [...rows].sort((a, b) => rank.indexOf(a[2]) - rank.indexOf(b[2]) || a[0] - b[0]);
  render(html`<section class="qt-card" aria-label="Report of the import"><div class="qt-head"><h2>Import</h2><span class="qt-fact">${
    report.head}</span><span class="qt-push"></span>${report.over ? html`<button type="button" class="qt-icon-button bi bi-x-lg"
    aria-label="Put the report away" title="Put the report away" data-lists-do="close"></button>` : nothing}</div>
    ${report.over ? nothing : html`<div class="qt-body"><div class="qt-panel-done"><i style="width: ${report.done}%"></i></div></div>`}
    ${report.problem ? html`<p class="qt-report-problem" data-tone="loss">Nothing was taken: ${report.problem}</p>` : nothing}
    ${rows.length ? html`<div class="qt-scroll-x qt-report-rows" tabindex="0" role="group" aria-label="Lines of the import"><table class="qt-table">
    <thead><tr><th class="num">Line</th><th>Text</th><th>What became of it</th><th>Detail</th></tr></thead><tbody>${
    sorted.map((row) => reportRow(row, report.list))}</tbody></table></div>` : nothing}</section>`, holder);
}

/* ---- what is pressed ---- */
document.addEventListener("click", (event) => {
  const list = within(event, "[data-list-do]"), row = within(event, "[data-row-do]"), other = within(event, "[data-lists-do]");
  const take = within(event, "[data-take]");
  if (list) {
    doList(list.dataset.listDo ?? "", list.dataset.list ?? "");
  } else if (row) {
    doRow(row.dataset.rowDo ?? "", row.dataset.con ?? "");
  } else if (other?.dataset.listsDo === "import") {
    startImport();
  } else if (other?.dataset.listsDo === "close") {
    closed = model.report?.id ?? null;
    drawReport();
  } else if (take instanceof HTMLButtonElement) {
    take.disabled = true;
    ask({ action: "list", do: "add", list: Number(take.dataset.list), con: Number(take.dataset.take) }, (ok) => {
      take.disabled = ok;
      if (ok) {
        toast({ kind: "ok", title: "Added", text: take.dataset.sym ?? "" });
      }
    });
  }
});

document.addEventListener("submit", (event) => {
  const form = within(event, "[data-lists-form]");
  if (!(form instanceof HTMLFormElement)) {
    return;
  }
  event.preventDefault();
  const box = /** @type {HTMLInputElement} */ (one(form, "input")), isNew = form.dataset.listsForm === "create", before = namesOfLists().map(([id]) => id);
  const name = box.value.trim().replace(/\s+/g, " ");
  ask({ action: "list", do: isNew ? "create" : "rename", name: box.value, ...(isNew ? {} : { list: Number(form.dataset.list) }) }, (ok) => {
    if (ok && isNew) {
      coming = { name, before };
      box.value = "";
    }
    if (ok && !isNew) {
      asked.renaming = null;
      drawLists();
    }
  });
});
document.addEventListener("keydown", (event) => {
  const form = within(event, "[data-lists-form='rename']");
  if (form && event.key === "Escape") {
    event.preventDefault();
    doList("back", form.dataset.list ?? "");
  }
});

/** A list that was just made is shown when it comes. @type {{name: string, before: string[]} | null} */
let coming = null;
function showNew() {
  const made = coming && namesOfLists().find(([id, name]) => name === coming?.name && !coming.before.includes(id));
  if (made) {
    coming = null;
    chooseList(made[0]);
  }
}

/* ---- drawing: once a delta, when all of it is there ---- */
let due = false;
const later = () => { due = true; };
onPart("lists", later);
onPart("grid", later);
onPart("report", later);

function drawAll() {
  if (maybe(document, ".qt-lists")) {
    showNew();
    drawLists();
    drawListed();
    drawReport();
  }
}
onApplied(() => {
  if (due) {
    due = false;
    drawAll();
  }
});
onNodes(() => {
  if (maybe(document, ".qt-lists-paste") && !pasteBox()) {
    asked.deleting = asked.renaming = focus = null;
    buildInputs();
    drawAll();
  }
});
