/** The page of alerts: what was found ("rows:alertlist"), the rules ("rows:alertrules"), and what this browser does. */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { callState, onCall, setCall, testCall } from "../core/call.mjs";
import { clockText, marketNow, now } from "../core/clock.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { maybe, one, within } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";
import { nameOf } from "../core/values.mjs";
import { editRule } from "./alert-form.mjs";

/** @typedef {{order: number, icon: string, severity: string, title: string, text: string, at: number, state: string,
 *   is_open: boolean, views: string[], until: number | string | null, con: number | null, sym: string | null,
 *   note: string | null, told: string[]}} Found */
/** @typedef {{order: number, sentence: string, channels: string[], every: number, on: boolean, open: number, severity: string,
 *   problem: string | null}} RuleRow */

const ICONS = /** @type {Record<string, string>} */ ({ info: "info-circle", warning: "exclamation-triangle", error: "x-circle" });
/** @type {Array<[string, string]>} */
const SNOOZES = [["15m", "15 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["day", "rest of the day"], ["cleared", "until it is over"]];
/** @type {Record<string, string>} */
const NOTHING = { new: "Nothing new.", open: "Nothing goes on.", snoozed: "Nothing is snoozed.", all: "Nothing yet." };
let view = "new";

/** @param {string} name */
const place = (name) => maybe(document, `[data-qt-alerts=${name}]`);

/** @template T @param {string} part @returns {Array<[string, T]>} */
function rowsOf(part) {
  const rows = /** @type {Record<string, any>} */ (model[part] ?? {});
  return Object.entries(rows).sort((a, b) => a[1].order - b[1].order);
}

/** @param {Record<string, unknown>} request @param {string} [title] */
function ask(request, title = "") {
  const store = place("list")?.dataset.request ?? "";
  askEngine(store, /** @type {any} */ (request), ({ ok, text }) => {
    if (!ok) {
      toast({ kind: "error", title: "Nothing was changed", text });
    } else if (title) {
      toast({ title, text });
    }
  });
}

/* ---- what was found ---- */
/** @param {number} at */
function when(at) {
  const day = clockText(at, "date");
  return day === clockText(marketNow(), "date") ? clockText(at, "hms") : `${day.replace(/ \d{4}$/, "")} ${clockText(at, "hm")}`;
}

/** @param {Found} row */
function standing(row) {
  const until = row.until === null ? "" : typeof row.until === "string" ? row.until :
    `for ${fmt.age(Math.max(0, row.until - now()))}`;
  return [row.state, until ? `snoozed ${until}` : "", row.note ?? "", row.told.join(", ")].filter(Boolean).join(" · ");
}

/** @param {string} id @param {Found} row */
function snooze(id, row) {
  if (!row.is_open) {
    return nothing;
  }
  if (row.until !== null) {
    return html`<button type="button" class="qt-button qt-button-small" @click=${() =>
      ask({ action: "alert-snooze", id_of: Number(id), until: "" })}>Wake</button>`;
  }
  const choices = row.con ? [...SNOOZES, ["symbol", `${nameOf(row.sym ?? "")} for the day`]] : SNOOZES;
  return html`<select class="qt-input qt-alert-snooze" aria-label="Snooze ${row.title}" @change=${(/** @type {any} */ event) => {
    const until = event.target.value;
    event.target.value = "";
    ask({ action: "alert-snooze", id_of: Number(id), until: until === "symbol" ? "day" : until, symbol: until === "symbol" });
  }}><option value="" selected>Snooze</option>${choices.map(([key, words]) => html`<option value=${key}>${words}</option>`)}</select>`;
}

/** @param {[string, Found]} entry */
const found = ([id, row]) => html`<li class="qt-alert" data-open=${row.is_open} data-id=${id}>
  <i class="qt-icon bi bi-${ICONS[row.icon]}" data-tone=${row.icon} role="img" aria-label=${row.severity}></i>
  <div class="qt-alert-words"><div><b>${row.title}</b> <span class="qt-soft">${when(row.at)}</span></div>
    <div>${row.text} ${row.con ? html`<a href="/symbol/${row.con}">${nameOf(row.sym ?? "")}</a>` : nothing}</div>
    <div class="qt-alert-state">${standing(row)}</div></div>
  <div class="qt-alert-do">${row.views.includes("new") ? html`<button type="button" class="qt-button qt-button-small"
    @click=${() => ask({ action: "alert-see", ids: [Number(id)] })}>Seen</button>` : nothing}${snooze(id, row)}</div></li>`;

function drawList() {
  const holder = place("list");
  if (!holder || !model.alerts) {
    return;
  }
  const rows = /** @type {Array<[string, Found]>} */ (rowsOf("rows:alertlist"))
    .filter(([, row]) => view === "all" || row.views.includes(view));
  const seen = view === "new" && rows.length > 1 ? html`<div class="qt-alert-all"><button type="button" class="qt-button qt-button-small
    qt-button-quiet" @click=${() => ask({ action: "alert-see", ids: rows.map(([id]) => Number(id)) })}>All seen</button></div>` : nothing;
  render(rows.length ? html`<ul class="qt-alerts-rows">${rows.map(found)}</ul>${seen}` :
    html`<p class="qt-none">${NOTHING[view]}</p>`, holder);
}

clientside("qtAlerts", {
  show(/** @type {string} */ chosen) {
    view = chosen || "new";
    drawList();
    return noUpdate();
  },
});

/* ---- rules ---- */
/** @param {RuleRow} row */
const manner = (row) => [`at most every ${fmt.number(row.every)} min`,
  row.channels.length ? `by ${row.channels.map((name) => (name === "browser" ? "this browser" : name)).join(", ")}` : "on this page only",
  row.severity === "urgent" ? "urgent" : "", row.open ? `${row.open} open` : ""].filter(Boolean).join(" · ");

/** @param {string} id @param {string} what */
const change = (id, what) => ask({ action: "alert-change", id_of: Number(id), do: what }, what === "delete" ? "Rule deleted" : "");

/** @param {[string, RuleRow]} entry */
const rule = ([id, row]) => html`<li class="qt-rule" data-on=${row.on} data-id=${id}>
  <label class="qt-rule-on"><input type="checkbox" role="switch" .checked=${row.on} aria-label="On: ${row.sentence}"
    @change=${(/** @type {any} */ event) => change(id, event.target.checked ? "on" : "off")}></label>
  <div class="qt-alert-words"><div>Tell me when <b>${row.sentence}</b></div>
    <div class="qt-alert-state">${row.on ? manner(row) : "off"}</div>
    ${row.problem ? html`<div class="qt-rule-problem">${row.problem}</div>` : nothing}</div>
  <div class="qt-alert-do"><button type="button" class="qt-button qt-button-small" aria-label="Edit: ${row.sentence}"
    @click=${() => editRule(id)}>Edit</button><button type="button" class="qt-button qt-button-small qt-button-quiet"
    aria-label="Delete: ${row.sentence}" @click=${() => change(id, "delete")}>Delete</button></div></li>`;

function drawRules() {
  const holder = place("rules");
  if (holder) {
    const rows = /** @type {Array<[string, RuleRow]>} */ (rowsOf("rows:alertrules"));
    render(html`<ul class="qt-alerts-rows">${rows.map(rule)}</ul>`, holder);
  }
}

document.addEventListener("click", (event) => {
  if (within(event, "[data-alert-do=usual]")) {
    ask({ action: "alert-change", id_of: 0, do: "usual" }, "Usual rules");
  }
});

/* ---- this browser ---- */
function drawHere() {
  const holder = place("here");
  if (!holder) {
    return;
  }
  const { sound, notify, soundWords, notifyWords } = callState();
  /** @param {"sound" | "notify"} key @param {boolean} on @param {string} label @param {string} words */
  const box = (key, on, label, words) => html`<div class="qt-here-line"><label><input type="checkbox" role="switch" .checked=${on}
    @change=${(/** @type {any} */ event) => setCall(key, event.target.checked)}> ${label}</label>
    <span class="qt-soft">${words}</span></div>`;
  render(html`${box("sound", sound, "Sound", soundWords)}${box("notify", notify, "Notifications", notifyWords)}
    <div class="qt-here-line"><button type="button" class="qt-button qt-button-small" @click=${testCall}>Try it</button>
    <span class="qt-soft">For rules that name this browser; one tab speaks for all.</span></div>`, holder);
}
onCall(drawHere);

onPart("rows:alertlist", drawList);
onPart("alerts", drawList);
onPart("rows:alertrules", drawRules);
every(5000, () => {
  if (place("list") && rowsOf("rows:alertlist").some(([, row]) => typeof /** @type {Found} */ (row).until === "number")) {
    drawList();
  }
});
onNodes(() => {
  const isEmpty = (/** @type {string} */ name) => place(name) !== null && !one(document, `[data-qt-alerts=${name}]`).firstElementChild;
  if (isEmpty("list")) {
    drawList();
  }
  if (isEmpty("rules")) {
    drawRules();
  }
  if (isEmpty("here")) {
    drawHere();
  }
});
