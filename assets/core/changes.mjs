/** The newest changes of settings, each with its way back: <div data-qt-log data-request="store"> shows the part "log". */
import { askEngine } from "./ask.mjs";
import * as clock from "./clock.mjs";
import { all, make, one, putInOrder, setText, within } from "./dom.mjs";
import { every } from "./every.mjs";
import * as fmt from "./format.mjs";
import { model, onNodes, onPart } from "./model.mjs";
import { toast } from "./toast.mjs";

/** @typedef {{order: number, label: string, text: string, at: number, who: string, done: boolean, lock: string,
 *   back: string}} Entry */

const AGES_MS = 5000;

/** @param {string} id */
function newRow(id) {
  const row = make("div", "qt-change"), text = make("div", "qt-change-text");
  const back = make("button", "qt-button qt-button-small", "Revert");
  text.append(make("b"), make("span", "qt-change-values"), make("span", "qt-soft qt-change-age"));
  back.type = "button";
  back.dataset.revert = id;
  row.append(text, make("span", "qt-soft qt-change-done"), back);
  row.dataset.id = id;
  return row;
}

/** @param {HTMLElement} row @param {Entry} entry */
function paintRow(row, entry) {
  const back = row.querySelector("button"), by = entry.who === "page" ? "" : ` · ${entry.who}`;
  setText(one(row, "b"), entry.label);
  setText(one(row, ".qt-change-values"), ` ${entry.text}`);
  setText(one(row, ".qt-change-age"), `${fmt.age(Math.max(0, clock.now() - entry.at))} ago${by}`);
  setText(one(row, ".qt-change-done"), entry.done ? "taken back" : "");
  if (back) {
    back.hidden = entry.done;
    back.disabled = Boolean(entry.lock);
    back.title = entry.lock || `${entry.label} ${entry.back}`;
  }
}

/** @param {HTMLElement} list */
function paintLog(list) {
  /** @type {Record<string, Entry>} */
  const entries = model.log || {};
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  all(list, ":scope > *").forEach((row) => {
    const id = row.dataset.id ?? "";
    if (entries[id]) {
      rows.set(id, row);
    } else {
      row.remove();
    }
  });
  const sorted = Object.keys(entries).sort((a, b) => entries[a].order - entries[b].order);
  putInOrder(list, sorted.map((id) => {
    const row = rows.get(id) ?? newRow(id);
    paintRow(row, entries[id]);
    return row;
  }));
}

const paintLogs = () => all(document, "[data-qt-log]").forEach(paintLog);
onPart("log", paintLogs);
onNodes(() => all(document, "[data-qt-log]").filter((list) => !list.firstChild).forEach(paintLog));
every(AGES_MS, paintLogs);

document.addEventListener("click", (event) => {
  const back = within(event, "[data-revert]");
  if (!(back instanceof HTMLButtonElement) || back.disabled) {
    return;
  }
  const id = back.dataset.revert ?? "", { label, back: way } = /** @type {Entry} */ (model.log[id]);
  const store = /** @type {HTMLElement | null} */ (back.closest("[data-request]"))?.dataset.request ?? "";
  back.disabled = true;
  askEngine(store, { action: "revert", change: Number(id) }, (result) => {
    back.disabled = false;
    toast(result.ok ? { title: "Change taken back", text: `${label} ${way}` } :
      { kind: "error", title: "Could not be taken back", text: result.text });
  });
});
