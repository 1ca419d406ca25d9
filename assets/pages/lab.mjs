/**
 * The Lab page: source, days, symbols and ranges of a run; its charts are asked for when there is a new result.
 * What was chosen stays while the program's page is open, whatever the poll brings.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { addCells, toned } from "../core/cells.mjs";
import * as clock from "../core/clock.mjs";
import { setProps } from "../core/dash.mjs";
import { all, maybe, one, within } from "../core/dom.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";

/** @typedef {import("../core/ask.mjs").Result} Result */
/** A threshold that may vary: the part "vary". @typedef {{name: string, label: string, unit: string, order: number, high: number,
 *   is_on: boolean, start: number, end: number, steps: number}} Vary */
/** What was typed for it. @typedef {{on: boolean, start: string, end: string, count: string}} Range */

const LOOK_MS = [300, 700, 1200], OPENED_MS = 600, DRAWN_MS = 100;

/* Days that are left out, by day; ranges by name. */
const choice = {
  kind: "app", symbols: "", least: "10", since: "", until: "",
  off: /** @type {Set<string>} */ (new Set()), vary: /** @type {Map<string, Range>} */ (new Map()),
};
/** Id of the result whose charts were asked for. @type {string | null} */
let drawn = null;
let said = "";
/** The page that this is about. @type {HTMLElement | null} */
let seen = null;

const page = () => maybe(document, ".qt-lab");
/** @param {string} name */
const find = (name) => maybe(document, `[data-lab-${name}]`);
const folder = () => /** @type {HTMLInputElement | null} */ (document.getElementById("lab-folder"))?.value.trim() ?? "";
const lab = () => model.lab ?? {};
/** What was found where it is looked now; nothing of another source. */
const source = () => (lab().kind === choice.kind ? lab() : {});
/** @returns {string[]} */
const daysFound = () => source().days ?? [];

/** @param {import("../core/ask.mjs").Request} request @param {(result: Result) => void} done */
function ask(request, done) {
  askEngine(page()?.dataset.request ?? "", request, done);
}

/** @param {string} text */
function say(text) {
  const place = find("said");
  said = text;
  if (place) {
    place.hidden = !said;
    place.textContent = said;
  }
}

/** @param {Result} result */
function sayRefused({ ok, text }) {
  if (!ok) {
    say(text);
  }
}

/* ---- source ---- */
function look() {
  say("");
  ask({ action: "lab-look", kind: choice.kind, folder: folder() }, (result) => {
    if (result.text !== lab().problem) {
      sayRefused(result);
    }
  });
}

function drawKinds() {
  all(document, "[data-lab-kind]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.labKind === choice.kind));
  });
  for (const [name, hidden] of /** @type {Array<[string, boolean]>} */ ([
    ["folder", choice.kind !== "csv"], ["source", lab().kind !== choice.kind],
  ])) {
    const row = find(name);
    if (row) {
      row.hidden = hidden;
    }
  }
}

/* ---- days and symbols ---- */
function drawDays() {
  const place = find("days");
  if (place) {
    const take = (/** @type {"since" | "until"} */ end) => (/** @type {InputEvent} */ event) => {
      choice[end] = /** @type {HTMLInputElement} */ (event.target).value;
    };
    const box = (/** @type {"since" | "until"} */ end, /** @type {string} */ label) => html`<label>${label} <input type="date"
      class="qt-input" .value=${choice[end]} @input=${take(end)}></label>`;
    render(html`${daysFound().map((day) => html`<button type="button" class="qt-preset" title=${day} data-lab-day=${day}
      aria-pressed=${String(!choice.off.has(day))}>${day.slice(5)}</button>`)}${
      source().days_more ? html`<span class="qt-soft">and ${lab().days_more} older days:</span>${
      box("since", "from")}${box("until", "to")}` : nothing}`, place);
  }
}

function drawSymbols() {
  const place = find("symbols");
  if (!place) {
    return;
  }
  /** @type {string[]} */
  const names = source().symbols ?? [];
  const known = names.join(", ") + (lab().symbols_more ? ` and ${lab().symbols_more} more` : "");
  const take = (/** @type {InputEvent} */ event) => { choice.symbols = /** @type {HTMLInputElement} */ (event.target).value; };
  render(html`<label for="qt-lab-symbols">Symbols </label><input type="text" class="qt-input" id="qt-lab-symbols"
    value=${choice.symbols} placeholder=${names.length ? `all: ${known}` : "all"} title=${names.length ? `Recorded: ${known}` : ""}
    @input=${take}>`, place);
}

/* ---- ranges ---- */
/** @param {Vary} v @returns {Range} */
function rangeOf(v) {
  const known = choice.vary.get(v.name) ?? { on: v.is_on, start: plain(v.start), end: plain(v.end), count: String(v.steps) };
  choice.vary.set(v.name, known);
  return known;
}

/** @param {number} value */
const plain = (value) => (value >= 1e4 ? fmt.number(value, 0) : String(value));
/** @returns {Vary[]} */
const varies = () => /** @type {Vary[]} */ (Object.values(model.vary ?? {})).sort((a, b) => a.order - b.order);

/** @param {Vary} v @param {"start" | "end" | "count"} key @param {string} label */
function numberBox(v, key, label) {
  const take = (/** @type {InputEvent} */ event) => {
    const box = /** @type {HTMLInputElement} */ (event.target), tick = box.closest("tr")?.querySelector("input");
    Object.assign(rangeOf(v), { [key]: box.value, on: true });
    if (tick) {
      tick.checked = true;
    }
    drawCount();
  };
  return html`<td class="num"><input type="text" inputmode="decimal" value=${rangeOf(v)[key]} aria-label="${v.label}, ${label}"
    class="qt-input qt-input-num ${v.high >= 1e6 && key !== "count" ? "qt-input-long" : ""}" @input=${take}></td>`;
}

/** @param {Vary} v */
function varyBlock(v) {
  const id = `qt-vary-${v.name}`;
  const take = (/** @type {Event} */ event) => {
    rangeOf(v).on = /** @type {HTMLInputElement} */ (event.target).checked;
    drawCount();
  };
  return html`<tr><td><input type="checkbox" id=${id} ?checked=${rangeOf(v).on} aria-label="Vary ${v.label}" @change=${take}><label
    for=${id} title=${v.unit}>${v.label}</label><span class="qt-unit">${v.high < 1e6 ? v.unit : ""}</span></td>
    <td class="num qt-soft" data-lab-force=${v.name}></td>
    ${numberBox(v, "start", "from")}${numberBox(v, "end", "to")}${numberBox(v, "count", "values")}</tr>`;
}

/** Made once: what is typed into it stays. @param {HTMLElement} place */
function buildVary(place) {
  const take = (/** @type {InputEvent} */ event) => { choice.least = /** @type {HTMLInputElement} */ (event.target).value; };
  render(html`<table class="qt-table"><caption class="visually-hidden">Thresholds that vary</caption>
    <thead><tr>${["Vary", "in force", "from", "to", "values"].map((text, i) => html`<th class=${i ? "num" : ""}>${text}</th>`)}</tr></thead>
    <tbody>${varies().map(varyBlock)}</tbody></table>
    <div class="qt-lab-least"><label for="qt-lab-least">Rank sets with at least</label><input type="text" inputmode="numeric"
    class="qt-input qt-input-num" id="qt-lab-least" value=${choice.least} @input=${take}><span
    class="qt-soft">signals that are 30 min old</span></div>`, place);
}

function drawVary() {
  const place = find("vary");
  if (!place || !model.vary) {
    return;
  }
  if (!place.firstChild) {
    buildVary(place);
  }
  all(place, "[data-lab-force]").forEach((cell) => {
    const value = model.set?.[`breakout.${cell.dataset.labForce}`]?.v;
    const text = typeof value === "number" ? fmt.number(value, (String(value).split(".")[1] ?? "").length) : fmt.MISSING;
    if (cell.textContent !== text) {
      cell.textContent = text;
    }
  });
  drawCount();
}

function ranges() {
  return varies().map((v) => ({ name: v.name, ...rangeOf(v) })).filter(({ on }) => on).map(({ name, start, end, count }) =>
    ({ name, start: Number(start.replaceAll(",", "")), end: Number(end.replaceAll(",", "")), count: Number(count) }));
}

function drawCount() {
  const place = find("count"), isRunning = Boolean(lab().running), chosen = ranges();
  if (!place) {
    return;
  }
  const product = chosen.reduce((sum, each) => sum * each.count, 1);
  const count = Number.isFinite(product) ? fmt.number(product) : fmt.MISSING;
  place.textContent = isRunning ? "" : chosen.length ? `${count} sets` : "the thresholds in force alone";
  /** @type {HTMLButtonElement} */ (one(document, "[data-lab-do=run]")).disabled = isRunning || !daysFound().length;
  one(document, "[data-lab-do=cancel]").hidden = !isRunning;
}

/* ---- run ---- */
/** Where more days are there than buttons: from and to, "" = no end. */
const stretch = () => (lab().days_more ? { since: choice.since, until: choice.until } : { since: "", until: "" });

/** None = all that there are, or all of the stretch. */
function days() {
  if (stretch().since || stretch().until) {
    return [];
  }
  const left = daysFound().filter((day) => !choice.off.has(day));
  return left.length === daysFound().length && !lab().days_more ? [] : left;
}

function run() {
  say("");
  if (!stretch().since && !stretch().until && daysFound().every((day) => choice.off.has(day))) {
    say("Choose at least one day.");
    return;
  }
  const symbols = choice.symbols.split(/[,;]+/).map((name) => name.trim()).filter(Boolean), { kind } = lab();
  ask({
    action: "lab-run", kind, folder: kind === "csv" ? lab().folder : "", symbols, days: days(), ranges: ranges(),
    least: Number(choice.least), ...stretch(),
  }, sayRefused);
  LOOK_MS.forEach((ms) => window.setTimeout(pollNow, ms));
}

/** @param {string} day */
function turn(day) {
  if (!choice.off.delete(day)) {
    choice.off.add(day);
  }
  drawDays();
}

/** @param {string} kind */
function choose(kind) {
  choice.kind = kind;
  drawSource();
  if (kind !== "csv" || folder()) {
    look();
  }
}

document.addEventListener("click", (event) => {
  const target = within(event, "[data-lab-do],[data-lab-kind],[data-lab-day]");
  if (!target || !page()) {
    return;
  }
  const { labKind, labDay, labDo } = target.dataset;
  if (labKind) {
    choose(labKind);
  } else if (labDay) {
    turn(labDay);
  } else if (labDo === "look") {
    look();
  } else if (labDo === "run") {
    run();
  } else {
    ask({ action: "lab-cancel" }, sayRefused);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && within(event, "#lab-folder")) {
    look();
  }
});

/* ---- result ---- */
function drawNotes() {
  const place = find("notes");
  if (place) {
    render((model.labresult?.notes ?? []).map((/** @type {string} */ text) => html`<li>${text}</li>`), place);
  }
}

function askForCharts() {
  const id = model.labresult?.id ?? null;
  if (!page() || id === drawn) {
    return;
  }
  drawn = id;
  /* Not from within the page's own rendering: the charts may not be there yet. */
  window.setTimeout(() => {
    if (page() && drawn === id && !setProps("lab-fresh", { data: id })) {
      drawn = null;
    }
  }, DRAWN_MS);
}

function drawSource() {
  drawKinds();
  drawDays();
  drawSymbols();
  drawCount();
}

onPart("lab", (name) => {
  if (page() && !name) {
    drawSource();
  }
});
onPart("labresult", () => {
  drawNotes();
  askForCharts();
});
onPart("vary", drawVary);
onPart("set", drawVary);
onNodes(() => {
  const holder = page();
  if (!holder || holder === seen || !find("vary")) {
    return;
  }
  seen = holder;
  drawn = null;
  choice.kind = lab().kind || choice.kind;
  drawSource();
  drawVary();
  drawNotes();
  askForCharts();
  say("");
  window.setTimeout(() => {
    if (page() && !lab().kind && choice.kind === "app") {
      look();
    }
    if (page() && lab().kind === "csv" && !folder()) {
      setProps("lab-folder", { value: lab().folder });
    }
  }, OPENED_MS);
});

/* ---- cells of the signals ---- */
addCells({
  "lab-at": (d) => clock.clockText(d.at, "hm"),
  "lab-side": (d) => (d.side === "short" ? `${fmt.DOWN} short` : `${fmt.UP} long`),
  "lab-score": (d) => fmt.number(d.score, 2),
  "lab-rv": (d) => fmt.times(d.rv),
  "lab-plain": (d, field) => fmt.signed(d[field], 2),
  "lab-move": (d, field) => toned(fmt.signed(d[field], 2), fmt.tone(d[field], 2)),
});
