/* Why-not inspector: <div data-qt-why data-request="store">. Asks the engine for the rules of one symbol, again each
   5 s while it is in sight, and fills the two tables in place. */
import { every } from "../core/every.mjs";
import { askEngine } from "../core/ask.mjs";
import { onNodes } from "../core/model.mjs";
import { inTab } from "../core/tabs.mjs";

const AGAIN_MS = 5000;
let wanted = ""; let asking = false;

function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text) { element.textContent = text; }
  return element;
}
function setText(element, text) { if (element.textContent !== text) { element.textContent = text; } }

function build(holder) {
  const box = make("input", "qt-input"), go = make("button", "qt-button qt-button-small", "Explain");
  box.type = "text";
  box.maxLength = 40;
  box.placeholder = "symbol, e.g. NVDA";
  box.autocomplete = "off";
  box.spellcheck = false;
  box.setAttribute("aria-label", "Symbol to explain");
  go.type = "button";
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); start(holder, box.value); } });
  go.addEventListener("click", () => { start(holder, box.value); });
  holder.querySelector(".qt-why-ask").append(box, go);
  if (wanted) { box.value = wanted; ask(holder); }
}

function start(holder, text) {
  wanted = text.trim();
  if (wanted) { ask(holder); }
}

function ask(holder) {
  if (asking) { return; }
  asking = true;
  const text = wanted;
  askEngine(holder.dataset.request, { action: "why", text }, (result) => {
    asking = false;
    if (text !== wanted) { ask(holder); return; }
    if (result.ok && result.value) { show(holder, result.value); } else { refuse(holder, result.text); }
  });
}

function refuse(holder, text) {
  setText(holder.querySelector(".qt-why-said"), text);
  holder.querySelector(".qt-why-rules").replaceChildren();
}

const MARKS = { true: ["✓", "gain"], false: ["✗", "loss"], null: ["?", ""] };

function row(cells, tag) {
  const line = make("tr");
  cells.forEach((text, i) => { line.appendChild(make(tag, i > 0 && i < 4 ? "num" : "", text)); });
  return line;
}

function table(side, rules) {
  const made = make("table", "qt-table"), head = make("thead"), body = make("tbody");
  head.appendChild(row([side, "Value", "Limit", "Distance", ""], "th"));
  rules.forEach((rule) => {
    const mark = MARKS[String(rule[4])], line = row([rule[0], rule[1], rule[2], rule[3], mark[0]], "td");
    line.lastChild.dataset.tone = mark[1];
    line.lastChild.setAttribute("aria-label", rule[4] === null ? "unknown" : rule[4] ? "passes" : "fails");
    line.title = rule[5] || "";
    body.appendChild(line);
  });
  made.append(head, body);
  return made;
}

function show(holder, value) {
  const said = holder.querySelector(".qt-why-said"), link = make("a", "qt-sym", value.sym);
  link.href = "/symbol/" + encodeURIComponent(value.con);
  const words = [value.kind, value.filtered, value.scans.length ? "in " + value.scans.join(", ") : "in no scan now", value.line, value.text];
  const others = value.others.map((each) => { return each[1] + " " + each[2]; }).join(", ");
  if (others) { words.push("Also: " + others + "."); }
  said.replaceChildren(link, document.createTextNode(" " + words.filter(Boolean).join(" · ")));
  const rules = holder.querySelector(".qt-why-rules");
  rules.replaceChildren(...value.long.length ? [table("Long side", value.long), table("Short side", value.short)] : []);
}

onNodes(() => {
  document.querySelectorAll("[data-qt-why]").forEach((holder) => { if (!holder.querySelector("input")) { build(holder); } });
});
every(AGAIN_MS, () => {
  const holder = document.querySelector("[data-qt-why]");
  if (!holder || !wanted || !inTab(holder)) { return; }
  if (holder.querySelector(".qt-why-rules").childElementCount) { ask(holder); }
});
