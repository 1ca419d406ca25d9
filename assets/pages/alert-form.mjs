/**
 * "Tell me when ...": one sentence with a control for each blank, out of the declarations in "alertkinds". The draft is the
 * user's until it is kept; `editRule` begins with a rule that there is.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { all, maybe } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";

/** @typedef {[key: string, label: string, type: string, def: any, unit: string, choices: Array<[string, string]>,
 *   blank: string]} Field */
/** @typedef {[order: number, title: string, sentence: string, about: string, fields: Field[], severity: string,
 *   every: number]} Kind */
/** @typedef {{id: number, kind: string, values: Record<string, any>, channels: string[] | null, severity: string, every: string,
 *   urgent: string, over: boolean}} Draft `channels` null = all that there are */

const FIRST = "day_pnl", BROWSER = "browser", NAMES = "qt-alert-names";
/** @type {Array<[string, string]>} */
const SEVERITIES = [["info", "for information"], ["warning", "as a warning"], ["urgent", "as urgent"]];

/** @type {Draft | null} */
let draft = null;
/** @type {Record<string, string>} */
let wrong = {};
let said = "";

/** @returns {Record<string, Kind>} */
const kinds = () => model.alertkinds ?? {};
/** @returns {Record<string, string>} */
const names = () => model.names ?? {};
const given = () => model.alertform ?? {};
/** @returns {string[]} */
const channels = () => [BROWSER, ...(given().channels ?? [])];
const holder = () => maybe(document, "[data-qt-alerts=make]");

/** @param {string} kind @returns {Draft} */
function fresh(kind) {
  const [, , , , fields, severity, every] = kinds()[kind];
  const values = Object.fromEntries(fields.map(([key, , , def]) => [key, def]));
  return { id: 0, kind, values, channels: null, severity, every: String(every), urgent: "0", over: false };
}

/** Change the rule with this id, in the form. @param {string} id */
export function editRule(id) {
  const rule = model["rows:alertrules"]?.[id];
  if (!rule) {
    return;
  }
  draft = {
    id: Number(id), kind: rule.kind, values: { ...rule.values }, channels: [...rule.channels], severity: rule.severity,
    every: String(rule.every), urgent: String(rule.urgent), over: rule.over,
  };
  begin();
  holder()?.closest(".qt-card")?.scrollIntoView({ block: "nearest" });
  maybe(document, ".qt-make-kind")?.focus();
}

function begin() {
  wrong = {};
  said = "";
  paint();
}

/** @param {string} kind */
function choose(kind) {
  const before = draft;
  draft = fresh(kind);
  if (before) {
    draft.id = before.id;
    draft.channels = before.channels;
  }
  begin();
}

/** @param {(draft: Draft) => void} change */
function edit(change) {
  if (draft) {
    change(draft);
    paint();
  }
}

/** The con_id that a typed name means, the text itself where there is none. @param {string} text */
function conOf(text) {
  const wanted = text.trim().toUpperCase();
  const found = Object.entries(names()).find(([, sym]) => sym.toUpperCase() === wanted);
  return found ? Number(found[0]) : text.trim();
}

/** @param {any} value */
const symbolText = (value) => (typeof value === "number" ? names()[value] ?? String(value) : value || "");

/**
 * What was chosen and is offered no more (a list that was deleted) is no choice: nothing is until one is made.
 * @template {string | number} T
 * @param {Array<[T, string]>} rows @param {T} value @param {string} label @param {(value: T) => void} set @param {string} [cls]
 */
function select(rows, value, label, set, cls = "") {
  const gone = rows.some(([key]) => key === value) ? nothing : html`<option value="" .selected=${true} disabled>choose</option>`;
  return html`<select class="qt-input ${cls}" aria-label=${label} aria-invalid=${gone !== nothing}
    @change=${(/** @type {any} */ event) => {
      const row = rows.find(([key]) => String(key) === event.target.value);
      if (row) {
        set(row[0]);
      }
    }}>${gone}${rows.map(([key, words]) => html`<option value=${key} .selected=${key === value}>${words}</option>`)}</select>`;
}

/** @param {Field} field @param {Draft} now */
function control([key, label, type, , unit, choices, blank], now) {
  const set = (/** @type {any} */ value) => edit((each) => { each.values[key] = value; });
  const value = now.values[key], isWrong = key in wrong;
  if (type === "choice") {
    return select(choices, value, label, set);
  }
  if (type === "account") {
    /** @type {Array<[string, string]>} */
    const accounts = given().accounts ?? [];
    return accounts.length > 2 ? select(accounts, value, label, set) : html`<span>${blank}</span>`;
  }
  if (type === "list") {
    return select(given().lists ?? choices, value, label, set);
  }
  if (type === "symbol") {
    return html`<input class="qt-input qt-make-symbol" list=${NAMES} aria-label=${label} placeholder=${blank || "symbol"}
      autocomplete="off" aria-invalid=${isWrong} .value=${symbolText(value)}
      @change=${(/** @type {any} */ event) => set(conOf(event.target.value))}>`;
  }
  const shown = unit === "money" ? now.kind === "position_pnl" ? "" : given().currency ?? "" : "";
  return html`<input class="qt-input qt-make-number" inputmode="decimal" aria-label=${label} aria-invalid=${isWrong}
    .value=${String(value)} @input=${(/** @type {any} */ event) => { now.values[key] = event.target.value; }}>${shown
      ? html` <span class="qt-soft">${shown}</span>` : nothing}`;
}

/** @param {Draft} now */
function sentence(now) {
  const [, , text, , fields] = kinds()[now.kind];
  return text.split(/(\{\w+\})/).map((part) => {
    const field = fields.find(([key]) => part === `{${key}}`);
    return field ? control(field, now) : part;
  });
}

/** @param {Draft} now @param {"every" | "urgent"} key @param {string} label */
const minutes = (now, key, label) => html`<input class="qt-input qt-make-small" inputmode="numeric" aria-label=${label}
  aria-invalid=${key in wrong} .value=${now[key]} @input=${(/** @type {any} */ event) => { now[key] = event.target.value; }}>`;

/** @param {Draft} now */
const chosen = (now) => now.channels ?? channels();

/** @param {Draft} now */
const ways = (now) => channels().map((name) => html`<label class="qt-make-way"><input type="checkbox"
  .checked=${chosen(now).includes(name)} @change=${(/** @type {any} */ event) => edit((each) => {
    each.channels = chosen(each).filter((other) => other !== name).concat(event.target.checked ? [name] : []);
  })}> ${name === BROWSER ? "this browser" : name}</label>`);

/** @param {Draft} now */
const body = (now) => html`
  <div class="qt-make-line">${select(Object.entries(kinds()).sort((a, b) => a[1][0] - b[1][0]).map(([key, kind]) => [key, kind[1]]),
    now.kind, "What to be told of", choose, "qt-make-kind")}<span class="qt-soft">${kinds()[now.kind][3]}</span></div>
  <div class="qt-make-line qt-make-sentence"><b>Tell me when</b> ${sentence(now)}</div>
  <div class="qt-make-line"><span>at most every</span> ${minutes(now, "every", "Minutes between two alerts")} <span>min, by</span>
    ${ways(now)}</div>
  <div class="qt-make-line">${select(SEVERITIES, now.severity, "How much it matters",
    (value) => edit((each) => { each.severity = value; }))}
    <span>urgent when nobody looks for</span> ${minutes(now, "urgent", "Minutes until it is urgent, 0 = never")} <span>min</span>
    <label class="qt-make-way"><input type="checkbox" .checked=${now.over} @change=${(/** @type {any} */ event) =>
      edit((each) => { each.over = event.target.checked; })}> and when it is over</label></div>
  <div class="qt-make-line"><button type="button" class="qt-button qt-button-main" @click=${keep}>${now.id ? "Save" : "Add"}</button>
    ${now.id ? html`<button type="button" class="qt-button qt-button-quiet" @click=${leave}>Cancel</button>` : nothing}
    <span class="qt-make-said" role="alert">${said}</span></div>
  <datalist id=${NAMES}>${all(document, `#${NAMES}`).length || now.values.symbol !== undefined
    ? Object.values(names()).map((sym) => html`<option value=${sym}></option>`) : nothing}</datalist>`;

function leave() {
  draft = null;
  begin();
}

function keep() {
  const place = holder(), now = draft;
  if (!place || !now) {
    return;
  }
  const { id, kind, values, every, urgent, severity, over } = now;
  const wanted = chosen(now).filter((name) => channels().includes(name));
  const request = { action: "alert-rule", id_of: id, kind, values, channels: wanted, severity, every, urgent, over };
  askEngine(place.dataset.request ?? "", request, ({ ok, text, errors }) => {
    wrong = errors;
    said = ok ? "" : text;
    if (ok) {
      draft = null;
      toast({ title: id ? "Rule changed" : "Rule added", text });
    }
    paint();
  });
}

function paint() {
  const place = holder();
  if (!place || !kinds()[FIRST] || !model.alertform) {
    return;
  }
  draft = draft ?? fresh(FIRST);
  render(body(draft), place);
}
onPart("alertkinds", paint);
onPart("alertform", paint);
onNodes(() => {
  const place = holder();
  if (place && !place.firstElementChild) {
    paint();
  }
});
