/* Forms over settings. <div data-qt-form="name" data-request="store"> holds <div data-qt-fields="key key ...">; what a
   field is comes from the part "fields", its value in force from "set". What the user has typed or dragged is a draft:
   it stays, on this page and when he comes back to it, until it is applied or discarded; a poll never touches it.
   qt.form.value(key), qt.form.draft(key, raw), qt.form.onChange(fn) are for the pages' own controls. */
import { askEngine } from "./ask.mjs";
import * as fmt from "./format.mjs";
import { model, onNodes, onPart } from "./model.mjs";
import { toast } from "./toast.mjs";

const drafts = {}, errors = {};          // key -> raw, key -> words
const applying = {}, said = {};          // form name -> what is on its way, what the bar says
const listeners = [];

/* ---- values ---- */
function meta(key) { return (model.fields || {})[key]; }
function inForce(key) { return (model.set || {})[key]; }

function parse(m, raw) {
  if (typeof raw !== "string") { return raw; }
  const text = raw.trim();
  if (text === "" && m.none) { return null; }
  if (m.kind !== "range" && m.kind !== "number") { return text; }
  let plain = text.replace("−", "-").replace(/\s/g, "");
  if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain)) { plain = plain.replace(/,/g, ""); }
  return /^-?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : text;
}

function same(a, b) {
  if (typeof a === "number" && typeof b === "number") { return Math.abs(a - b) < 1e-9; }
  return a === b;
}

function decimals(m) {
  const tail = String(m.step || 1).split(".")[1];
  return m.whole ? 0 : tail ? tail.length : 0;
}

function toText(m, value) {
  if (value === null || value === undefined) { return ""; }
  if (typeof value !== "number") { return String(value); }
  if (m.kind !== "range") { return String(value); }
  return fmt.number(value, Math.max(decimals(m), (String(value).split(".")[1] || "").length)).replace("−", "-");
}

function words(m, value) {
  const option = (m.options || []).find((each) => { return same(each[0], value); });
  if (option) { return option[1]; }
  if (typeof value === "boolean") { return value ? "on" : "off"; }
  return value === null || value === undefined ? "not set" : toText(m, value);
}

function isChanged(key) {
  return key in drafts && !!inForce(key) && !same(parse(meta(key), drafts[key]), inForce(key).v);
}

export function value(key) {
  if (key in drafts) { return parse(meta(key), drafts[key]); }
  return inForce(key) ? inForce(key).v : undefined;
};
export function draft(key, raw) {
  drafts[key] = raw;
  delete errors[key];
  if (!isChanged(key)) { delete drafts[key]; }
  paintAll();
};
export function onChange(fn) { listeners.push(fn); };

/* ---- making a field ---- */
function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text) { element.textContent = text; }
  return element;
}

function makeBox(key, m) {
  let box;
  if (m.kind === "select") {
    box = make("select", "qt-input");
    m.options.forEach((option, i) => { box.appendChild(new Option(option[1], String(i))); });
  } else {
    box = make("input", m.kind === "switch" ? "qt-switch" : "qt-input");
    box.type = m.kind === "switch" ? "checkbox" : "text";
    if (m.kind === "range" || m.kind === "number") { box.inputMode = "decimal"; box.classList.add("qt-input-num"); }
    if (m.step && m.high >= 1e6) { box.classList.add("qt-input-long"); }
    if (m.blank) { box.placeholder = m.blank; }
    box.autocomplete = "off";
    box.spellcheck = false;
  }
  box.id = "qt-f-" + key.replace(".", "-");
  return box;
}

function makeSlider(m) {
  const holder = make("div", "qt-slider"), range = make("input"), tick = make("i", "qt-tick-default");
  range.type = "range";
  range.min = m.low;
  range.max = m.high;
  range.step = m.step;
  range.setAttribute("aria-label", m.label + ", slider");
  tick.title = "default " + toText(m, m.default);
  tick.style.left = place(m, m.default);
  holder.append(range, tick, make("i", "qt-tick-force"));
  return holder;
}

function place(m, value) {
  const share = Math.min(1, Math.max(0, (value - m.low) / (m.high - m.low)));
  return "calc(8px + (100% - 16px) * " + share.toFixed(4) + ")";
}

function build(key, m, sliding) {
  const field = make("div", "qt-field"), head = make("div", "qt-field-head"), label = make("label", "", m.label);
  const box = makeBox(key, m), unit = m.unit ? make("span", "qt-unit", m.unit) : null;
  const help = make("span", "qt-help", m.help.replace(/^x /, "× ")), note = make("div", "qt-field-note"), wrong = make("div", "qt-field-error");
  label.htmlFor = box.id;
  help.id = box.id + "-help";
  help.title = help.textContent;
  wrong.id = box.id + "-error";
  wrong.setAttribute("role", "alert");
  box.setAttribute("aria-describedby", help.id + " " + wrong.id);
  const inputs = make("span", "qt-field-box");
  inputs.append(box);
  if (unit) { inputs.append(unit); }
  head.append(label, help, make("s", "qt-was"), inputs);
  field.append(head);
  const slider = sliding && m.kind === "range" ? makeSlider(m) : null;
  if (slider) { field.append(slider); }
  field.append(note, wrong);
  field.dataset.key = key;
  field.dataset.kind = m.kind;
  field.qt = { key, m, box, range: slider && slider.firstChild, slider, brief: sliding };
  wire(field.qt);
  return field;
}

function read(f) {
  if (f.m.kind === "select") { return f.m.options[Number(f.box.value)][0]; }
  return f.m.kind === "switch" ? f.box.checked : f.box.value;
}

function wire(f) {
  f.box.addEventListener("input", () => { take(f, read(f)); });
  f.box.addEventListener("change", () => { settle(f); });
  f.box.addEventListener("keydown", (event) => { boxKey(f, event); });
  if (f.range) {
    f.range.addEventListener("input", () => { take(f, toText(f.m, Number(f.range.value))); });
    f.range.addEventListener("change", () => { settle(f); });
  }
}

function take(f, raw) {
  drafts[f.key] = raw;
  delete errors[f.key];
  said[formOf(f.box)] = "";
  paintAll();
}

/* The user let go: what is in force already is no draft; the rest is checked by the server. */
function settle(f) {
  if (f.key in drafts && !isChanged(f.key)) { delete drafts[f.key]; }
  paintAll();
  const holder = f.box.closest("[data-qt-form]"), name = holder.dataset.qtForm, changes = changesOf(name);
  if (!Object.keys(changes).length || applying[name]) { return; }
  askEngine(holder.dataset.request, { action: "check", changes }, (result) => {
    Object.keys(changes).forEach((key) => { delete errors[key]; });
    Object.keys(result.errors).forEach((key) => {
      if (key in drafts && same(parse(meta(key), drafts[key]), changes[key])) { errors[key] = result.errors[key]; }
    });
    paintAll();
  });
}

function boxKey(f, event) {
  if (event.key === "Enter") { event.preventDefault(); apply(formOf(f.box)); }
  if (event.key === "Escape") { delete drafts[f.key]; delete errors[f.key]; f.box.blur(); paintAll(); }
  if (f.m.kind === "range" && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    let value = parse(f.m, f.box.value); const step = event.key === "ArrowUp" ? f.m.step : -f.m.step;
    if (typeof value !== "number") { return; }
    event.preventDefault();
    value = Math.min(f.m.high, Math.max(f.m.low, Number((value + step).toFixed(6))));
    f.box.value = toText(f.m, value);
    take(f, f.box.value);
  }
}

/* ---- painting: only what differs, never what the user is in ---- */
function setText(element, text) { if (element.textContent !== text) { element.textContent = text; } }
function setAttr(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

function paintBox(f, value, raw) {
  if (f.m.kind === "switch") { if (f.box.checked !== !!value) { f.box.checked = !!value; } return; }
  let text = raw;
  if (f.m.kind === "select") {
    text = String(f.m.options.findIndex((option) => { return same(option[0], value); }));
  } else if (text === undefined) {
    if (document.activeElement === f.box) { return; }
    text = toText(f.m, value);
  }
  if (f.box.value !== text) { f.box.value = text; }
}

function paintSlider(f, value, force, changed) {
  if (!f.range) { return; }
  if (typeof value === "number" && Number(f.range.value) !== value) { f.range.value = value; }
  const share = (Number(f.range.value) - f.m.low) / (f.m.high - f.m.low);
  f.slider.style.setProperty("--qt-fill", (share * 100).toFixed(2) + "%");   // of the track and of the histogram
  setAttr(f.range, "aria-valuetext", words(f.m, value) + " " + (f.m.unit || ""));
  const mark = f.slider.querySelector(".qt-tick-force");
  mark.hidden = !changed;
  mark.title = "in force " + toText(f.m, force.v);
  mark.style.left = place(f.m, force.v);
}

function noteWords(f, force) {
  if (force.lock) { return force.lock; }
  const parts = [];
  if (!f.brief || !same(force.v, f.m.default)) { parts.push(force.src); }
  if (!same(force.v, f.m.default)) { parts.push("default " + words(f.m, f.m.default)); }
  return parts.filter((text, i) => { return parts.indexOf(text) === i; }).join(" · ");
}

function paint(field) {
  const f = field.qt, force = inForce(f.key);
  if (!force) { return; }
  const raw = drafts[f.key], value = raw === undefined ? force.v : parse(f.m, raw), changed = isChanged(f.key);
  paintBox(f, value, typeof raw === "string" ? raw : undefined);
  paintSlider(f, value, force, changed);
  f.box.disabled = !!force.lock;
  if (f.range) { f.range.disabled = !!force.lock; }
  field.toggleAttribute("data-changed", changed);
  field.toggleAttribute("data-locked", !!force.lock);
  setText(field.querySelector(".qt-was"), changed ? words(f.m, force.v) : "");
  setText(field.querySelector(".qt-field-note"), noteWords(f, force));
  setText(field.querySelector(".qt-field-error"), errors[f.key] || "");
  setAttr(f.box, "aria-invalid", errors[f.key] ? "true" : null);
}

function formOf(element) { return element.closest("[data-qt-form]").dataset.qtForm; }
function holderOf(name) { return document.querySelector("[data-qt-form='" + name + "']"); }
function fieldsIn(element) { return Array.prototype.slice.call(element.querySelectorAll(".qt-field")); }

function changesOf(name) {
  const holder = holderOf(name), out = {};
  if (!holder) { return out; }
  fieldsIn(holder).forEach((field) => {
    const key = field.dataset.key;
    if (isChanged(key)) { out[key] = parse(field.qt.m, drafts[key]); }
  });
  return out;
}

function countWords(count) { return count + (count === 1 ? " change" : " changes"); }

function paintForm(holder) {
  const name = holder.dataset.qtForm;
  fieldsIn(holder).forEach(paint);
  const count = Object.keys(changesOf(name)).length;
  holder.toggleAttribute("data-dirty", count > 0);
  setText(holder.querySelector(".qt-form-count"), applying[name] ? "applying …" : count ? countWords(count) + " not applied" : "");
  holder.querySelector("[data-form-do=apply]").disabled = !count || !!applying[name];
  holder.querySelector("[data-form-do=discard]").disabled = !count || !!applying[name];
  const words_ = holder.querySelector(".qt-form-said");
  words_.hidden = !said[name];
  setText(words_, said[name] || "");
  holder.querySelectorAll("details").forEach((details) => {
    const inside = details.querySelectorAll(".qt-field[data-changed]").length, badge = details.querySelector(".qt-more-count");
    setText(badge, inside ? inside + " changed" : "");
    badge.hidden = !inside;
  });
  const badge = document.querySelector("[data-form-badge='" + name + "']");
  if (badge) { badge.hidden = !count; setText(badge, count + " changed"); }
}

function paintAll() {
  document.querySelectorAll("[data-qt-form]").forEach(paintForm);
  listeners.forEach((fn) => { fn(); });
}

function adopt() {
  let made = false;
  document.querySelectorAll("[data-qt-fields]").forEach((place_) => {
    if (place_.firstChild || !model.fields) { return; }
    place_.dataset.qtFields.split(" ").forEach((key) => {
      if (meta(key)) { place_.appendChild(build(key, meta(key), place_.dataset.slider)); made = true; }
    });
  });
  if (made) { paintAll(); }
}
onNodes(adopt);
onPart("fields", adopt);
onPart("set", () => {
  Object.keys(drafts).forEach((key) => {
    const box = document.getElementById("qt-f-" + key.replace(".", "-"));
    if (inForce(key) && meta(key) && !isChanged(key) && document.activeElement !== box) { delete drafts[key]; }
  });
  paintAll();
});

/* ---- apply, discard, reset ---- */
function changeWords(changes) {
  return Object.keys(changes).map((key) => { return meta(key).label + " " + words(meta(key), changes[key]); }).join(", ");
}

function apply(name) {
  const holder = holderOf(name), changes = changesOf(name), before = {};
  if (!Object.keys(changes).length || applying[name]) { return; }
  Object.keys(changes).forEach((key) => { before[key] = inForce(key).v; });
  applying[name] = true;
  said[name] = "";
  paintAll();
  submit(holder.dataset.request, changes, (result) => {
    applying[name] = false;
    if (result.ok) { applied(holder, changes, before, result.text); } else { refused(name, result); }
    paintAll();
  });
}

function submit(store, changes, done) { askEngine(store, { action: "apply", changes }, done); }

function applied(holder, changes, before, text) {
  /* The values in force follow within a second; until then the form shows what was applied. */
  window.setTimeout(() => {
    Object.keys(changes).forEach((key) => {
      if (key in drafts && same(parse(meta(key), drafts[key]), changes[key])) { delete drafts[key]; }
    });
    paintAll();
  }, 3000);
  const more = text.split("applied.")[1] || "";   /* what follows from it: a connection made anew, the next start */
  toast({ title: holder.dataset.done, text: changeWords(changes) + (more ? "." + more : ""), action: { label: "Undo", run () {
    submit(holder.dataset.request, before, (result) => {
      toast(result.ok ? { title: "Taken back", text: changeWords(before) } :
        { kind: "error", title: "Could not be taken back", text: result.text });
    });
  } } });
}

function refused(name, result) {
  said[name] = result.text;
  Object.assign(errors, result.errors);
  const holder = holderOf(name);
  if (!holder) { return; }
  const first = fieldsIn(holder).find((field) => { return result.errors[field.dataset.key]; });
  if (!first) { return; }
  const details = first.closest("details");
  if (details) { details.open = true; }
  first.qt.box.focus();
}

function forget(name) {
  fieldsIn(holderOf(name)).forEach((field) => { delete drafts[field.dataset.key]; delete errors[field.dataset.key]; });
  said[name] = "";
  paintAll();
}

function toDefaults(name) {
  fieldsIn(holderOf(name)).forEach((field) => {
    const f = field.qt, force = inForce(f.key);
    if (!force || force.lock) { return; }
    delete errors[f.key];
    drafts[f.key] = f.m.kind === "range" || f.m.kind === "number" ? toText(f.m, f.m.default) : f.m.default;
    if (!isChanged(f.key)) { delete drafts[f.key]; }
  });
  paintAll();
}

const DO = { apply, discard: forget, reset: toDefaults };
document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("[data-form-do]");
  if (button && !button.disabled) { DO[button.dataset.formDo](formOf(button)); }
});
