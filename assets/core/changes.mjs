/* The newest changes of settings, each with its way back: <div data-qt-log data-request="store"> shows the part "log". */
import { every } from "./every.mjs";
import { askEngine } from "./ask.mjs";
import * as clock from "./clock.mjs";
import * as fmt from "./format.mjs";
import { model, onNodes, onPart } from "./model.mjs";
import { toast } from "./toast.mjs";

function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text) { element.textContent = text; }
  return element;
}

function setText(element, text) { if (element.textContent !== text) { element.textContent = text; } }

function logRow(id) {
  const row = make("div", "qt-change"), text = make("div", "qt-change-text"), back = make("button", "qt-button qt-button-small", "Revert");
  text.append(make("b"), make("span", "qt-change-values"), make("span", "qt-soft qt-change-age"));
  back.type = "button";
  back.dataset.revert = id;
  row.append(text, make("span", "qt-soft qt-change-done"), back);
  row.dataset.id = id;
  return row;
}

function paintLog(list) {
  const entries = model.log || {}, rows = {};
  Array.prototype.slice.call(list.children).forEach((row) => {
    if (entries[row.dataset.id]) { rows[row.dataset.id] = row; } else { row.remove(); }
  });
  const ids = Object.keys(entries).sort((a, b) => { return entries[a].order - entries[b].order; });
  ids.forEach((id, i) => {
    const e = entries[id], row = rows[id] || logRow(id), back = row.querySelector("button");
    setText(row.querySelector("b"), e.label);
    setText(row.querySelector(".qt-change-values"), " " + e.text);
    setText(row.querySelector(".qt-change-age"), fmt.age(Math.max(0, clock.now() - e.at)) + " ago" + (e.who === "page" ? "" : " · " + e.who));
    setText(row.querySelector(".qt-change-done"), e.done ? "taken back" : "");
    back.hidden = e.done;
    back.disabled = !!e.lock;
    back.title = e.lock || e.label + " " + e.back;
    if (list.children[i] !== row) { list.insertBefore(row, list.children[i] || null); }
  });
}
function paintLogs() { document.querySelectorAll("[data-qt-log]").forEach(paintLog); }
onPart("log", paintLogs);
onNodes(() => {
  document.querySelectorAll("[data-qt-log]").forEach((list) => { if (!list.firstChild) { paintLog(list); } });
});
every(5000, paintLogs);

document.addEventListener("click", (event) => {
  const back = event.target.closest && event.target.closest("[data-revert]");
  if (!back || back.disabled) { return; }
  back.disabled = true;
  const entry = model.log[back.dataset.revert], words_ = entry.label + " " + entry.back;
  const store = back.closest("[data-request]").dataset.request;
  askEngine(store, { action: "revert", change: Number(back.dataset.revert) }, (result) => {
    back.disabled = false;
    toast(result.ok ? { title: "Change taken back", text: words_ } :
      { kind: "error", title: "Could not be taken back", text: result.text });
  });
});
