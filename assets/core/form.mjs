/**
 * Forms over settings. <div data-qt-form="name" data-request="store"> holds <div data-qt-fields="key key ...">; what a field is
 * comes from the part "fields", its value in force from "set". What the user has typed or dragged is a draft: it stays, on
 * this page and when he comes back to it, until it is applied or discarded; a poll never touches it.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "./ask.mjs";
import { all, make, maybe, one, setAttr, setText, within } from "./dom.mjs";
import { model, onNodes, onPart } from "./model.mjs";
import { inWords, parse, placeOf, same, stepped, toText } from "./setting.mjs";
import { toast } from "./toast.mjs";

/** @typedef {import("./setting.mjs").Meta} Meta */
/** @typedef {import("./setting.mjs").Force} Force */
/** @typedef {import("./ask.mjs").Result} Result */
/** @typedef {Record<string, any>} Values by key */
/** @typedef {{key: string, meta: Meta, box: HTMLInputElement | HTMLSelectElement, range: HTMLInputElement | null,
 *   slider: HTMLElement | null, isBrief: boolean}} Field */

const FOLLOWS_MS = 3000;   // the values in force follow within a second

/** What was typed and is not in force, by key. @type {Map<string, any>} */
const drafts = new Map();
/** What is wrong with it, by key. @type {Map<string, string>} */
const errors = new Map();
/** Names of the forms whose changes are on their way. @type {Set<string>} */
const applying = new Set();
/** What a form's bar says, by name. @type {Map<string, string>} */
const said = new Map();
/** @type {Array<() => void>} */
const listeners = [];
/** @type {Array<(changes: Values) => Object>} */
const words = [];
/** @type {WeakMap<HTMLElement, Field>} */
const fields = new WeakMap();

/** @param {string} key @returns {Meta | undefined} */
const metaOf = (key) => model.fields?.[key];
/** @param {string} key @returns {Force | undefined} */
const inForce = (key) => model.set?.[key];

/** The value that the box means: `raw` typed into `key`. @param {string} key @param {any} raw */
function meant(key, raw) {
  const meta = metaOf(key);
  return meta ? parse(meta, raw) : raw;
}

/** @param {string} key */
function isChanged(key) {
  const force = inForce(key);
  return drafts.has(key) && force !== undefined && !same(meant(key, drafts.get(key)), force.v);
}

/** The draft's value, else the one in force. @param {string} key */
export function value(key) {
  return drafts.has(key) ? meant(key, drafts.get(key)) : inForce(key)?.v;
}

/** Write into a field as if it had been typed. @param {string} key @param {any} raw */
export function draft(key, raw) {
  drafts.set(key, raw);
  errors.delete(key);
  dropUnchanged(key);
  paintAll();
}

/** Hear of each change of a draft or of what is in force. @param {() => void} fn */
export function onChange(fn) {
  listeners.push(fn);
}

/** What a request to apply says besides the changes. @param {(changes: Values) => Object} fn */
export function onSubmit(fn) {
  words.push(fn);
}

/** @param {string} key */
function forget(key) {
  drafts.delete(key);
  errors.delete(key);
}

/** @param {string} key */
function dropUnchanged(key) {
  if (!isChanged(key)) {
    drafts.delete(key);
  }
}

/* ---- making a field ---- */
/** @param {Meta} meta */
function newSelect(meta) {
  const box = make("select", "qt-input");
  box.append(...meta.options.map(([, words], i) => new Option(words, String(i))));
  return box;
}

/** @param {Meta} meta */
function newInput(meta) {
  const box = make("input", meta.kind === "switch" ? "qt-switch" : "qt-input");
  box.type = meta.kind === "switch" ? "checkbox" : "text";
  if (meta.kind === "range" || meta.kind === "number") {
    box.inputMode = "decimal";
    box.classList.add("qt-input-num");
  }
  box.classList.toggle("qt-input-long", Boolean(meta.step) && meta.high >= 1e6);
  box.placeholder = meta.blank ?? "";
  box.autocomplete = "off";
  box.spellcheck = false;
  return box;
}

/** @param {Meta} meta */
function newSlider(meta) {
  const holder = make("div", "qt-slider");
  render(html`<input type="range" min=${meta.low} max=${meta.high} step=${meta.step} aria-label="${meta.label}, slider"><i
    class="qt-tick-default" title="default ${toText(meta, meta.default)}" style="left: ${placeOf(meta, meta.default)}"></i><i
    class="qt-tick-force"></i>`, holder);
  return holder;
}

/** @param {string} key */
const boxId = (key) => `qt-f-${key.replace(".", "-")}`;

/** @param {string} key @param {Meta} meta @param {boolean} sliding */
function newField(key, meta, sliding) {
  const element = make("div", "qt-field"), box = meta.kind === "select" ? newSelect(meta) : newInput(meta);
  const slider = sliding && meta.kind === "range" ? newSlider(meta) : null, help = meta.help.replace(/^x /, "× ");
  box.id = boxId(key);
  box.setAttribute("aria-describedby", `${box.id}-help ${box.id}-error`);
  render(html`
    <div class="qt-field-head">
      <label for=${box.id}>${meta.label}</label><span class="qt-help" id="${box.id}-help" title=${help}>${help}</span>
      <s class="qt-was"></s>
      <span class="qt-field-box">${box}${meta.unit ? html`<span class="qt-unit">${meta.unit}</span>` : nothing}</span>
    </div>
    ${slider ?? nothing}
    <div class="qt-field-note"></div>
    <div class="qt-field-error" id="${box.id}-error" role="alert"></div>`, element);
  element.dataset.key = key;
  element.dataset.kind = meta.kind;
  const range = slider && /** @type {HTMLInputElement} */ (one(slider, "input"));
  const field = { key, meta, box, range, slider, isBrief: sliding };
  fields.set(element, field);
  wire(field);
  return element;
}

/** @param {Field} field */
function read({ meta, box }) {
  if (box instanceof HTMLSelectElement) {
    return meta.options[Number(box.value)][0];
  }
  return meta.kind === "switch" ? box.checked : box.value;
}

/** @param {Field} field */
function wire(field) {
  const { meta, box, range } = field;
  box.addEventListener("input", () => take(field, read(field)));
  box.addEventListener("change", () => settle(field));
  box.addEventListener("keydown", (event) => boxKey(field, /** @type {KeyboardEvent} */ (event)));
  if (range) {
    range.addEventListener("input", () => take(field, toText(meta, Number(range.value))));
    range.addEventListener("change", () => settle(field));
  }
}

/** @param {Field} field @param {any} raw */
function take(field, raw) {
  drafts.set(field.key, raw);
  errors.delete(field.key);
  said.delete(nameOf(formOf(field.box)));
  paintAll();
}

/** The user let go: what is in force already is no draft; the rest is checked by the server. @param {Field} field */
function settle(field) {
  dropUnchanged(field.key);
  paintAll();
  const form = formOf(field.box), changes = changesOf(form);
  if (!Object.keys(changes).length || applying.has(nameOf(form))) {
    return;
  }
  askEngine(storeOf(form), { action: "check", changes }, (result) => {
    Object.keys(changes).forEach((key) => errors.delete(key));
    for (const [key, words] of Object.entries(result.errors)) {
      if (isStill(key, changes)) {
        errors.set(key, words);
      }
    }
    paintAll();
  });
}

/** Whether the draft is what was sent. @param {string} key @param {Values} changes */
function isStill(key, changes) {
  return drafts.has(key) && same(meant(key, drafts.get(key)), changes[key]);
}

/** @param {Field} field @param {KeyboardEvent} event */
function boxKey(field, event) {
  const { key, meta, box } = field;
  if (event.key === "Enter") {
    event.preventDefault();
    apply(formOf(box));
  }
  if (event.key === "Escape") {
    forget(key);
    box.blur();
    paintAll();
  }
  if (meta.kind === "range" && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const typed = parse(meta, box.value);
    if (typeof typed === "number") {
      event.preventDefault();
      box.value = toText(meta, stepped(meta, typed, event.key === "ArrowUp" ? 1 : -1));
      take(field, box.value);
    }
  }
}

/* ---- painting: only what differs, never what the user is in ---- */
/** @param {Field} field @param {any} shown @param {string | undefined} typed */
function paintBox({ meta, box }, shown, typed) {
  if (box instanceof HTMLInputElement && meta.kind === "switch") {
    if (box.checked !== Boolean(shown)) {
      box.checked = Boolean(shown);
    }
    return;
  }
  if (meta.kind !== "select" && typed === undefined && document.activeElement === box) {
    return;
  }
  const text = meta.kind === "select" ? String(meta.options.findIndex(([each]) => same(each, shown))) : typed ?? toText(meta, shown);
  if (box.value !== text) {
    box.value = text;
  }
}

/** @param {Field} field @param {any} shown @param {Force} force @param {boolean} changed */
function paintSlider({ meta, range, slider }, shown, force, changed) {
  if (!range || !slider) {
    return;
  }
  if (typeof shown === "number" && Number(range.value) !== shown) {
    range.value = String(shown);
  }
  const share = (Number(range.value) - meta.low) / (meta.high - meta.low), mark = one(slider, ".qt-tick-force");
  slider.style.setProperty("--qt-fill", `${(share * 100).toFixed(2)}%`);   // of the track and of the histogram
  setAttr(range, "aria-valuetext", `${inWords(meta, shown)} ${meta.unit || ""}`);
  mark.hidden = !changed;
  mark.title = `in force ${toText(meta, force.v)}`;
  mark.style.left = placeOf(meta, force.v);
}

/** @param {Field} field @param {Force} force */
function noteWords({ meta, isBrief }, force) {
  if (force.lock) {
    return force.lock;
  }
  const isDefault = same(force.v, meta.default);
  const parts = [...(isBrief && isDefault ? [] : [force.src]), ...(isDefault ? [] : [`default ${inWords(meta, meta.default)}`])];
  return [...new Set(parts)].join(" · ");
}

/** @param {HTMLElement} element */
function paint(element) {
  const field = fieldOf(element), { key, meta, box, range } = field, force = inForce(key);
  if (!force) {
    return;
  }
  const raw = drafts.get(key), shown = drafts.has(key) ? parse(meta, raw) : force.v, changed = isChanged(key);
  paintBox(field, shown, typeof raw === "string" ? raw : undefined);
  paintSlider(field, shown, force, changed);
  box.disabled = Boolean(force.lock);
  if (range) {
    range.disabled = Boolean(force.lock);
  }
  element.toggleAttribute("data-changed", changed);
  element.toggleAttribute("data-locked", Boolean(force.lock));
  setText(one(element, ".qt-was"), changed ? inWords(meta, force.v) : "");
  setText(one(element, ".qt-field-note"), noteWords(field, force));
  setText(one(element, ".qt-field-error"), errors.get(key) ?? "");
  setAttr(box, "aria-invalid", errors.has(key) ? "true" : null);
}

/** @param {Element} element */
const formOf = (element) => /** @type {HTMLElement} */ (element.closest("[data-qt-form]"));
/** @param {HTMLElement} form */
const nameOf = (form) => form.dataset.qtForm ?? "";
/** @param {HTMLElement} form */
const storeOf = (form) => form.dataset.request ?? "";
/** @param {string} name */
const formNamed = (name) => maybe(document, `[data-qt-form='${name}']`);
/** @param {HTMLElement} element */
const fieldsIn = (element) => all(element, ".qt-field");
/** What stands in a ".qt-field". @param {HTMLElement} element @returns {Field} */
export const fieldOf = (element) => /** @type {Field} */ (fields.get(element));

/** @param {HTMLElement} form @returns {Values} */
function changesOf(form) {
  const changed = fieldsIn(form).map(fieldOf).filter(({ key }) => isChanged(key));
  return Object.fromEntries(changed.map(({ key, meta }) => [key, parse(meta, drafts.get(key))]));
}

/** @param {HTMLElement} form @param {string} what @param {boolean} disabled */
function disable(form, what, disabled) {
  form.querySelectorAll("button").forEach((button) => {
    if (button.dataset.formDo === what) {
      button.disabled = disabled;
    }
  });
}

/** @param {HTMLElement} form */
function paintForm(form) {
  const name = nameOf(form), isApplying = applying.has(name);
  fieldsIn(form).forEach(paint);
  const count = Object.keys(changesOf(form)).length, words = `${count} ${count === 1 ? "change" : "changes"} not applied`;
  form.toggleAttribute("data-dirty", count > 0);
  setText(one(form, ".qt-form-count"), isApplying ? "applying …" : count ? words : "");
  disable(form, "apply", !count || isApplying);
  disable(form, "discard", !count || isApplying);
  const bar = one(form, ".qt-form-said");
  bar.hidden = !said.get(name);
  setText(bar, said.get(name) ?? "");
  all(form, "details").forEach((details) => {
    const inside = details.querySelectorAll(".qt-field[data-changed]").length, badge = one(details, ".qt-more-count");
    setText(badge, inside ? `${inside} changed` : "");
    badge.hidden = !inside;
  });
  const badge = maybe(document, `[data-form-badge='${name}']`);
  if (badge) {
    badge.hidden = !count;
    setText(badge, `${count} changed`);
  }
}

function paintAll() {
  all(document, "[data-qt-form]").forEach(paintForm);
  listeners.forEach((fn) => fn());
}

function adopt() {
  const places = model.fields ? all(document, "[data-qt-fields]").filter((place) => !place.firstChild) : [];
  for (const place of places) {
    for (const key of (place.dataset.qtFields ?? "").split(" ")) {
      const meta = metaOf(key);
      if (meta) {
        place.append(newField(key, meta, Boolean(place.dataset.slider)));
      }
    }
  }
  if (places.some((place) => place.firstChild)) {
    paintAll();
  }
}
onNodes(adopt);
onPart("fields", adopt);
onPart("set", () => {
  for (const key of [...drafts.keys()]) {
    if (inForce(key) && metaOf(key) && document.activeElement !== document.getElementById(boxId(key))) {
      dropUnchanged(key);
    }
  }
  paintAll();
});

/* ---- apply, discard, reset ---- */
/** @param {Values} changes */
function changeWords(changes) {
  return Object.entries(changes).map(([key, to]) => {
    const meta = /** @type {Meta} */ (metaOf(key));
    return `${meta.label} ${inWords(meta, to)}`;
  }).join(", ");
}

/** @param {HTMLElement} form */
function apply(form) {
  const name = nameOf(form), changes = changesOf(form);
  if (!Object.keys(changes).length || applying.has(name)) {
    return;
  }
  const before = Object.fromEntries(Object.keys(changes).map((key) => [key, inForce(key)?.v]));
  applying.add(name);
  said.delete(name);
  paintAll();
  submit(storeOf(form), changes, (result) => {
    applying.delete(name);
    if (result.ok) {
      applied(form, changes, before, result.text);
    } else {
      refused(name, result);
    }
    paintAll();
  });
}

/** @param {string} store @param {Values} changes @param {import("./ask.mjs").Done} done */
function submit(store, changes, done) {
  askEngine(store, Object.assign({ action: "apply", changes }, ...words.map((fn) => fn(changes))), done);
}

/** @param {HTMLElement} form @param {Values} changes @param {Values} before @param {string} text */
function applied(form, changes, before, text) {
  /* Until the values in force follow, the form shows what was applied. */
  window.setTimeout(() => {
    Object.keys(changes).filter((key) => isStill(key, changes)).forEach((key) => drafts.delete(key));
    paintAll();
  }, FOLLOWS_MS);
  const more = text.split("applied.")[1] || "";   // what follows from it: a connection made anew, the next start
  toast({
    title: form.dataset.done ?? "",
    text: changeWords(changes) + (more ? `.${more}` : ""),
    action: { label: "Undo", run: () => undo(storeOf(form), before) },
  });
}

/** @param {string} store @param {Values} before */
function undo(store, before) {
  submit(store, before, (result) => {
    toast(result.ok ? { title: "Taken back", text: changeWords(before) } :
      { kind: "error", title: "Could not be taken back", text: result.text });
  });
}

/** @param {string} name @param {Result} result */
function refused(name, result) {
  said.set(name, result.text);
  Object.entries(result.errors).forEach(([key, words]) => errors.set(key, words));
  const form = formNamed(name), first = form && fieldsIn(form).find((each) => result.errors[fieldOf(each).key]);
  if (!first) {
    return;
  }
  const details = first.closest("details");
  if (details) {
    details.open = true;
  }
  fieldOf(first).box.focus();
}

/** @param {HTMLElement} form */
function discard(form) {
  fieldsIn(form).forEach((element) => forget(fieldOf(element).key));
  said.delete(nameOf(form));
  paintAll();
}

/** @param {HTMLElement} form */
function toDefaults(form) {
  for (const { key, meta } of fieldsIn(form).map(fieldOf)) {
    const force = inForce(key);
    if (force && !force.lock) {
      errors.delete(key);
      drafts.set(key, meta.kind === "range" || meta.kind === "number" ? toText(meta, meta.default) : meta.default);
      dropUnchanged(key);
    }
  }
  paintAll();
}

/** @type {Record<string, (form: HTMLElement) => void>} */
const DO = { apply, discard, reset: toDefaults };
document.addEventListener("click", (event) => {
  const button = within(event, "[data-form-do]");
  if (button instanceof HTMLButtonElement && !button.disabled) {
    DO[button.dataset.formDo ?? ""](formOf(button));
  }
});
