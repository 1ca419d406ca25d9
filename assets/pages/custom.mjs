/**
 * Custom scans: <div data-qt-custom data-request="store">. A form out of "scanparams" (what the gateway offers) over "customs"
 * (what is kept). The draft is the user's until it is saved.
 */
import { html, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { all, make, one, within } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { showTab } from "../core/tabs.mjs";
import { toast } from "../core/toast.mjs";

/** @typedef {[value: string, label: string]} Entry */
/** @typedef {[value: string, label: string, instruments: string[]]} Offered */
/** @typedef {[tag: string, label: string, kind: string, id: number, choices: string[]]} Filter */
/** @typedef {{message?: string, instruments?: Array<[string, string, number[]]>, locations?: Offered[], codes?: Offered[],
 *   filters?: Filter[]}} Params */
/** @typedef {[name: string, code: string, instrument: string, location: string, filters: Array<[string, string]>,
 *   side: string]} Scan */

const FIRST_INSTRUMENT = "STK", FIRST_LOCATION = "STK.US.MAJOR", FIRST_FILTER = "priceAbove";
let chosen = "";
let coming = "";   // just saved, not in the part yet

/** @returns {Params} */
const params = () => model.scanparams ?? {};
/** @returns {Record<string, Scan>} */
const customs = () => model.customs ?? {};
/** @param {ParentNode} holder @param {string} name */
const selectOf = (holder, name) => /** @type {HTMLSelectElement} */ (one(holder, `select[data-field=${name}]`));
/** @param {ParentNode} holder */
const nameOf = (holder) => /** @type {HTMLInputElement} */ (one(holder, "input[data-field=name]"));
/** @param {ParentNode} holder */
const filtersOf = (holder) => one(holder, "[data-filters]");
/** @param {ParentNode} holder @param {string} action */
const buttonOf = (holder, action) => /** @type {HTMLButtonElement} */ (one(holder, `[data-custom-do=${action}]`));

/** @param {HTMLSelectElement} box @param {Array<[string, string, ...unknown[]]>} rows @param {string} value */
function options(box, rows, value) {
  const mark = JSON.stringify(rows.map(([each]) => each));
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...rows.map(([each, label]) => new Option(!each || label === each ? label : `${label} · ${each}`, each)));
  }
  if (rows.some(([each]) => each === value)) {
    box.value = value;
  }
}

/** @param {string} label @param {unknown} control */
const labelled = (label, control) => html`<label class="qt-custom-field"><span class="qt-soft">${label}</span>${control}</label>`;

/** @param {string} name @param {string} label */
const select = (name, label) => html`<select class="qt-input" data-field=${name} aria-label=${label}></select>`;

/** @param {string} action @param {string} label @param {string} [cls] */
const button = (action, label, cls = "") =>
  html`<button type="button" class="qt-button qt-button-small ${cls}" data-custom-do=${action}>${label}</button>`;

/** @param {HTMLElement} holder */
function build(holder) {
  render(html`<div class="qt-custom-note qt-soft"></div>
    <div class="qt-custom-grid">
      ${labelled("Scan", select("kept", "Custom scan"))}
      ${labelled("Name", html`<input type="text" class="qt-input" data-field="name" aria-label="Name of the scan" maxlength="24"
        placeholder="name" autocomplete="off">`)}
      ${labelled("Instrument", select("instrument", "Instrument"))}
      ${labelled("Location", select("location", "Location"))}
      ${labelled("Scan code", select("code", "Scan code"))}
      ${labelled("Side", html`<select class="qt-input" data-field="side" aria-label="Side"><option>long</option><option>short</option>
        </select>`)}
    </div>
    <div class="qt-custom-filters" data-filters="1"></div>
    <div class="qt-custom-bar">${button("filter", "Add filter")}<span class="qt-push"></span>${button("delete", "Delete")}${
      button("keep", "Save and run", "qt-button-main")}</div>
    <div class="qt-custom-said" role="alert"></div>`, holder);
  const kept = selectOf(holder, "kept");
  kept.addEventListener("change", () => {
    chosen = kept.value;
    load(holder);
  });
  selectOf(holder, "instrument").addEventListener("change", () => offer(holder));
  paint(holder);
  load(holder);
}

/** @param {Offered[] | undefined} rows @param {string} instrument */
const goes = (rows, instrument) => (rows ?? []).filter(([, , instruments]) => instruments.includes(instrument));

/** The filters that an instrument knows. @param {string} instrument */
function tagsOf(instrument) {
  const ids = params().instruments?.find(([each]) => each === instrument)?.[2] ?? [];
  return (params().filters ?? []).filter(([, , , id]) => ids.includes(id));
}

/** @param {HTMLElement} holder @param {{instrument?: string, location?: string, code?: string}} [want] */
function offer(holder, want = {}) {
  const box = selectOf(holder, "instrument");
  options(box, params().instruments ?? [], want.instrument ?? FIRST_INSTRUMENT);
  const instrument = box.value, location = want.location ?? (instrument === FIRST_INSTRUMENT ? FIRST_LOCATION : "");
  options(selectOf(holder, "location"), goes(params().locations, instrument), location);
  options(selectOf(holder, "code"), goes(params().codes, instrument), want.code ?? "");
  filtersOf(holder).querySelectorAll("select").forEach((filter) => options(filter, tagsOf(instrument), filter.value));
}

/** @param {HTMLElement} holder @param {string} [tag] @param {string} [value] */
function addFilter(holder, tag = FIRST_FILTER, value = "") {
  const line = make("div", "qt-custom-filter");
  render(html`<select class="qt-input" aria-label="Filter"></select><input type="text" class="qt-input" maxlength="60"
    aria-label="Value of the filter" .value=${value}><button type="button" class="qt-button qt-button-small" data-custom-do="less"
    aria-label="Remove this filter">×</button>`, line);
  filtersOf(holder).append(line);
  const box = /** @type {HTMLSelectElement} */ (one(line, "select"));
  options(box, tagsOf(selectOf(holder, "instrument").value), tag);
  const hint = () => { /** @type {HTMLInputElement} */ (one(line, "input")).placeholder = hintOf(box.value); };
  box.addEventListener("change", hint);
  hint();
}

/** What a filter takes, in words. @param {string} tag */
function hintOf(tag) {
  const found = (params().filters ?? []).find(([each]) => each === tag);
  if (!found) {
    return "";
  }
  const [, , kind, , choices] = found;
  return choices.length ? choices.join(", ") : kind === "text" ? "text" : kind === "whole" ? "whole number" : "number";
}

/** @param {HTMLElement} holder */
function load(holder) {
  const scan = /** @type {Scan | undefined} */ (customs()[chosen]);
  nameOf(holder).value = chosen;
  offer(holder, scan ? { code: scan[1], instrument: scan[2], location: scan[3] } : {});
  selectOf(holder, "side").value = scan ? scan[5] : "long";
  filtersOf(holder).replaceChildren();
  (scan ? scan[4] : []).forEach(([tag, value]) => addFilter(holder, tag, value));
  say(holder, "");
}

/** @param {HTMLElement} holder @param {string} text */
function say(holder, text) {
  one(holder, ".qt-custom-said").textContent = text;
}

/** @param {HTMLElement} holder */
function paint(holder) {
  const isKnown = Boolean(params().codes?.length);
  if (coming && customs()[coming]) {
    chosen = coming;
    coming = "";
  }
  if (chosen && !customs()[chosen]) {
    chosen = "";
  }
  /** @type {Entry[]} */
  const names = Object.keys(customs()).sort().map((name) => [name, name]);
  options(selectOf(holder, "kept"), [["", "new scan"], ...names], chosen);
  one(holder, ".qt-custom-note").textContent = isKnown ?
    "The liquidity floors hold too, unless a filter here has the same tag. Switch scans on and off on the first tab." :
    params().message || "Asking for the gateway's list of scans …";
  if (isKnown && !selectOf(holder, "code").options.length) {
    if (chosen) {
      load(holder);
    } else {
      offer(holder);   // a name typed meanwhile stays
    }
  }
  buttonOf(holder, "keep").disabled = !isKnown;
  buttonOf(holder, "delete").disabled = !chosen;
}

/** @param {HTMLElement} holder */
function keep(holder) {
  const name = nameOf(holder).value.trim().replace(/\s+/g, " ");
  const filters = all(holder, ".qt-custom-filter").map((line) => [
    /** @type {HTMLSelectElement} */ (one(line, "select")).value,
    /** @type {HTMLInputElement} */ (one(line, "input")).value.trim(),
  ]);
  const [code, instrument, location, side] = ["code", "instrument", "location", "side"].map((each) => selectOf(holder, each).value);
  say(holder, "");
  const request = { action: "keepscan", name, scan_code: code, instrument, location, side, filters };
  askEngine(holder.dataset.request ?? "", request, ({ ok, text }) => {
    if (!ok) {
      say(holder, text);
      return;
    }
    coming = name;
    toast({ title: "Custom scan", text });
    paintAll();
  });
}

/** From the button beside the scans: an empty form, in sight. @param {HTMLElement} holder */
function begin(holder) {
  showTab("scanners", "custom");
  chosen = "";
  load(holder);
  paint(holder);
  nameOf(holder).focus();
}

/** @param {HTMLElement} holder */
function remove(holder) {
  askEngine(holder.dataset.request ?? "", { action: "deletescan", name: chosen }, ({ ok, text }) => {
    if (!ok) {
      say(holder, text);
      return;
    }
    chosen = "";
    load(holder);
    toast({ title: "Custom scan", text });
  });
}

/** @type {Record<string, (holder: HTMLElement) => void>} */
const DO = { filter: (holder) => addFilter(holder), keep, delete: remove };

document.addEventListener("click", (event) => {
  const pressed = within(event, "[data-custom-do]"), action = pressed?.dataset.customDo ?? "";
  if (!pressed || (pressed instanceof HTMLButtonElement && pressed.disabled)) {
    return;
  }
  if (action === "begin") {
    event.preventDefault();
    begin(one(document, "[data-qt-custom]"));
  } else if (action === "less") {
    pressed.closest(".qt-custom-filter")?.remove();
  } else {
    DO[action](/** @type {HTMLElement} */ (pressed.closest("[data-qt-custom]")));
  }
});

function paintAll() {
  if (model.scanparams) {   // out of sight: what is drawn stays
    all(document, "[data-qt-custom]").filter((holder) => holder.firstChild).forEach(paint);
  }
}
onPart("scanparams", paintAll);
onPart("customs", paintAll);
onNodes(() => all(document, "[data-qt-custom]").filter((holder) => !holder.firstChild).forEach(build));
