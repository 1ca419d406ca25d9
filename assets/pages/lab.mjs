/* The Lab page: source, days, symbols and ranges of a run; its charts are asked for when there is a new result.
   What was chosen stays while the program's page is open, whatever the poll brings. */
import { askEngine } from "../core/ask.mjs";
import { addCells, toned } from "../core/cells.mjs";
import * as clock from "../core/clock.mjs";
import { setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";

const choice = { kind: "app", off: {}, symbols: "", vary: {}, least: "10" };   // off: days that are left out
let drawn = null; let said = "";

function page() { return document.querySelector(".qt-lab"); }
function find(name) { return document.querySelector("[data-lab-" + name + "]"); }
function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text) { element.textContent = text; }
  return element;
}
function ask(request, done) { askEngine(page().dataset.request, request, done); }
function say(text) { said = text || ""; const place = find("said"); if (place) { place.hidden = !said; place.textContent = said; } }
function folder() { const input = document.getElementById("lab-folder"); return input ? input.value.trim() : ""; }
function lab() { return model.lab || {}; }
/* What was found where it is looked now; nothing of another source. */
function source() { return lab().kind === choice.kind ? lab() : {}; }

/* ---- source ---- */
function look() {
  say("");
  ask({ action: "lab-look", kind: choice.kind, folder: folder() }, (result) => {
    if (!result.ok && result.text !== lab().problem) { say(result.text); }
  });
}

function drawKinds() {
  document.querySelectorAll("[data-lab-kind]").forEach((button) => {
    button.setAttribute("aria-pressed", button.dataset.labKind === choice.kind ? "true" : "false");
  });
  const row = find("folder");
  if (row) { row.hidden = choice.kind !== "csv"; }
  const found = find("source");
  if (found) { found.hidden = lab().kind !== choice.kind; }
}

/* ---- days and symbols ---- */
function drawDays() {
  const place = find("days"), days = source().days || [], mark = days.join();
  if (!place || place.qtMark === mark) { return; }
  place.qtMark = mark;
  place.replaceChildren(...days.map((day) => {
    const chip = make("button", "qt-preset", day.slice(5));
    chip.type = "button";
    chip.title = day;
    chip.dataset.labDay = day;
    chip.setAttribute("aria-pressed", choice.off[day] ? "false" : "true");
    return chip;
  }));
  if (source().days_more) { place.append(make("span", "qt-soft", lab().days_more + " older days are not offered")); }
}

function drawSymbols() {
  const place = find("symbols"), names = source().symbols || [];
  if (!place) { return; }
  if (!place.firstChild) {
    const label = make("label", "", "Symbols "), input = make("input", "qt-input");
    input.type = "text";
    input.value = choice.symbols;
    input.id = "qt-lab-symbols";
    label.htmlFor = input.id;
    input.addEventListener("input", () => { choice.symbols = input.value; });
    place.append(label, input);
  }
  const known = names.join(", ") + (lab().symbols_more ? " and " + lab().symbols_more + " more" : "");
  const hint = names.length ? "all: " + known : "all";
  place.lastChild.placeholder = hint;
  place.lastChild.title = names.length ? "Recorded: " + known : "";
}

/* ---- ranges ---- */
function state(v) {
  if (!choice.vary[v.name]) {
    choice.vary[v.name] = { on: v.is_on, start: plain(v.start), end: plain(v.end), count: String(v.steps) };
  }
  return choice.vary[v.name];
}

function plain(value) { return value >= 1e4 ? fmt.number(value, 0) : String(value); }

function numberBox(v, key, label) {
  const input = make("input", "qt-input qt-input-num");
  input.type = "text";
  input.inputMode = "decimal";
  input.value = state(v)[key];
  if (v.high >= 1e6 && key !== "count") { input.classList.add("qt-input-long"); }
  input.setAttribute("aria-label", v.label + ", " + label);
  input.addEventListener("input", () => {
    state(v)[key] = input.value;
    state(v).on = true;
    input.closest("tr").querySelector("input[type=checkbox]").checked = true;
    drawCount();
  });
  return input;
}

function varyRow(v) {
  const row = make("tr"), box = make("input"), name = make("td"), label = make("label", "", v.label);
  box.type = "checkbox";
  box.checked = state(v).on;
  box.id = "qt-vary-" + v.name;
  box.setAttribute("aria-label", "Vary " + v.label);
  label.htmlFor = box.id;
  box.addEventListener("change", () => { state(v).on = box.checked; drawCount(); });
  name.append(box, label, make("span", "qt-unit", v.high < 1e6 ? v.unit : ""));
  label.title = v.unit;
  row.append(name, make("td", "num qt-soft"));
  row.lastChild.dataset.labForce = v.name;
  [["start", "from"], ["end", "to"], ["count", "values"]].forEach((pair) => {
    row.appendChild(make("td", "num")).append(numberBox(v, pair[0], pair[1]));
  });
  return row;
}

function drawVary() {
  const place = find("vary"), vary = model.vary;
  if (!place || !vary) { return; }
  if (!place.firstChild) {
    const table = make("table", "qt-table"), head = make("tr"), body = make("tbody");
    table.append(make("caption", "visually-hidden", "Thresholds that vary"));
    ["Vary", "in force", "from", "to", "values"].forEach((text, i) => { head.append(make("th", i ? "num" : "", text)); });
    Object.values(vary).sort((a, b) => a.order - b.order).forEach((each) => { body.append(varyRow(each)); });
    table.append(make("thead"), body);
    table.tHead.append(head);
    place.append(table, leastRow());
  }
  place.querySelectorAll("[data-lab-force]").forEach((cell) => {
    const set = (model.set || {})["breakout." + cell.dataset.labForce], value = set ? set.v : null;
    const text = typeof value === "number" ? fmt.number(value, value % 1 ? String(value).split(".")[1].length : 0) : fmt.MISSING;
    if (cell.textContent !== text) { cell.textContent = text; }
  });
  drawCount();
}

function leastRow() {
  const row = make("div", "qt-lab-least"), label = make("label", "", "Rank sets with at least"), input = make("input", "qt-input qt-input-num");
  input.type = "text";
  input.inputMode = "numeric";
  input.id = "qt-lab-least";
  input.value = choice.least;
  label.htmlFor = input.id;
  input.addEventListener("input", () => { choice.least = input.value; });
  row.append(label, input, make("span", "qt-soft", "signals that are 30 min old"));
  return row;
}

function ranges() {
  const vary = model.vary || {};
  return Object.keys(vary).filter((name) => { return state(vary[name]).on; })
    .sort((a, b) => { return vary[a].order - vary[b].order; })
    .map((name) => {
      const s = state(vary[name]);
      return { name, start: Number(s.start.replace(/,/g, "")), end: Number(s.end.replace(/,/g, "")), count: Number(s.count) };
    });
}

function drawCount() {
  const place = find("count"), running = !!lab().running, chosen = ranges();
  if (!place) { return; }
  const product = chosen.reduce((sum, each) => { return sum * each.count; }, 1);
  const words = chosen.length ? (Number.isFinite(product) ? fmt.number(product, 0) : fmt.MISSING) + " sets" : "the thresholds in force alone";
  place.textContent = running ? "" : words;
  document.querySelector("[data-lab-do=run]").disabled = running || !(source().days || []).length;
  document.querySelector("[data-lab-do=cancel]").hidden = !running;
}

/* ---- run ---- */
function days() {
  const all = source().days || [], left = all.filter((day) => { return !choice.off[day]; });
  return left.length === all.length && !lab().days_more ? [] : left;
}

function run() {
  const names = choice.symbols.split(/[,;]+/).map((name) => { return name.trim(); }).filter(Boolean);
  say("");
  if ((source().days || []).every((day) => { return choice.off[day]; })) { say("Choose at least one day."); return; }
  const request = { action: "lab-run", kind: lab().kind, folder: lab().kind === "csv" ? lab().folder : "", symbols: names, days: days(),
    ranges: ranges(), least: Number(choice.least) };
  ask(request, (result) => { if (!result.ok) { say(result.text); } });
  [300, 700, 1200].forEach((ms) => { window.setTimeout(pollNow, ms); });
}

document.addEventListener("click", (event) => {
  const target = event.target.closest && event.target.closest("[data-lab-do],[data-lab-kind],[data-lab-day]");
  if (!target || !page()) { return; }
  if (target.dataset.labKind) {
    choice.kind = target.dataset.labKind;
    drawSource();
    if (choice.kind === "app" || folder()) { look(); }
  } else if (target.dataset.labDay) {
    const day = target.dataset.labDay;
    choice.off[day] = !choice.off[day];
    target.setAttribute("aria-pressed", choice.off[day] ? "false" : "true");
  } else if (target.dataset.labDo === "look") {
    look();
  } else if (target.dataset.labDo === "run") {
    run();
  } else {
    ask({ action: "lab-cancel" }, (result) => { if (!result.ok) { say(result.text); } });
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.id === "lab-folder") { look(); }
});

/* ---- result ---- */
function drawNotes() {
  const place = find("notes"), notes = (model.labresult || {}).notes || [];
  if (!place || place.qtMark === notes.join("|")) { return; }
  place.qtMark = notes.join("|");
  place.replaceChildren(...notes.map((text) => { return make("li", "", text); }));
}

function fresh() {
  const id = (model.labresult || {}).id || null;
  if (!page() || id === drawn) { return; }
  drawn = id;
  /* Not from within the page's own rendering: the charts may not be there yet. */
  window.setTimeout(() => { if (page() && drawn === id && !setProps("lab-fresh", { data: id })) { drawn = null; } }, 100);
}

function drawSource() { drawKinds(); drawDays(); drawSymbols(); drawCount(); }
function drawAll() { drawSource(); drawVary(); drawNotes(); fresh(); say(said); }
onPart("lab", (name) => { if (page() && !name) { drawSource(); } });
onPart("labresult", () => { drawNotes(); fresh(); });
onPart("vary", drawVary);
onPart("set", drawVary);
onNodes(() => {
  const holder = page();
  if (!holder || holder.qtSeen || !find("vary")) { return; }
  holder.qtSeen = true;
  drawn = null;
  said = "";
  if (lab().kind) { choice.kind = lab().kind; }
  drawAll();
  window.setTimeout(() => {
    if (page() && !lab().kind && choice.kind === "app") { look(); }
    if (page() && lab().kind === "csv" && !folder()) { setProps("lab-folder", { value: lab().folder }); }
  }, 600);
});

/* ---- cells of the signals ---- */
addCells({
  "lab-at": (d) => clock.clockText(d.at, "hm"),
  "lab-side": (d) => (d.side === "short" ? fmt.DOWN + " short" : fmt.UP + " long"),
  "lab-score": (d) => fmt.number(d.score, 2),
  "lab-rv": (d) => fmt.times(d.rv),
  "lab-plain": (d, field) => fmt.signed(d[field], 2),
  "lab-move": (d, field) => toned(fmt.signed(d[field], 2), fmt.tone(d[field], 2))
});
