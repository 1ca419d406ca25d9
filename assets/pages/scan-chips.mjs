/**
 * The scans above the results: part "chips", name -> [order, runs, rows or state, tooltip, needs attention, is switched on,
 * what switching it on costs, why it can't be switched]. A press on a name shows its results alone; its switch turns it on
 * and off, and says first which scan that costs its slot.
 */
import { askEngine } from "../core/ask.mjs";
import { putInOrder } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";

/** @typedef {[number, boolean, string, string, boolean, boolean, string, string]} Value */
/** @typedef {{whole: HTMLElement, pick: HTMLButtonElement, word: HTMLElement, toggle: HTMLButtonElement,
 *   waits: boolean | null}} Chip */

/** @type {Map<string, Chip>} */
let chips = new Map();
/** @type {string | null} */
let picked = null;
/** @type {Array<() => void>} */
const listeners = [];

/** "Momentum" of "Momentum #3". @param {string} scan */
export function scanName(scan) {
  const cut = scan.lastIndexOf(" #");
  return cut < 0 ? scan : scan.slice(0, cut);
}

/** Whether a row of the results is in a scan. @param {any} row @param {string | null} scan null = any row is */
export function isInScan(row, scan) {
  return scan === null || Boolean(row?.scans.some((/** @type {string} */ each) => scanName(each) === scan));
}

/** The scan whose results are shown alone; null = those of all. */
export function pickedScan() {
  return picked;
}

/** @param {() => void} fn called when another scan is picked */
export function onPick(fn) {
  listeners.push(fn);
}

/** @param {string | null} name */
export function pick(name) {
  picked = name;
  draw();
  listeners.forEach((fn) => fn());
}

/** @param {string} name @returns {Chip} */
function make(name) {
  const whole = document.createElement("span"), button = document.createElement("button"), word = document.createElement("span");
  const toggle = document.createElement("button");
  whole.className = "qt-scan";
  whole.dataset.scan = name;
  button.type = toggle.type = "button";
  button.className = "qt-scan-pick";
  word.className = "qt-scan-word";
  button.append(name, " ", word);
  toggle.className = "qt-scan-switch";
  toggle.setAttribute("role", "switch");
  toggle.setAttribute("aria-label", `${name}, switched on`);
  whole.append(button, toggle);
  button.addEventListener("click", () => pick(picked === name ? null : name));
  const chip = { whole, pick: button, word, toggle, waits: null };
  toggle.addEventListener("click", () => press(name, chip));
  return chip;
}

/** @param {Element} element @param {string} name @param {string} value */
function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** @param {string} name @param {Chip} chip @param {Value} value */
function fill(name, chip, [, runs, word, title, alarm, on, cost, fixed]) {
  setAttribute(chip.whole, "data-runs", runs ? "1" : "");
  setAttribute(chip.whole, "data-alarm", alarm ? "1" : "");
  setAttribute(chip.whole, "data-picked", picked === name ? "1" : "");
  setAttribute(chip.pick, "aria-pressed", String(picked === name));
  setAttribute(chip.pick, "title", title);
  setAttribute(chip.toggle, "aria-checked", String(on));
  setAttribute(chip.toggle, "title", fixed || (on ? `Switch ${name} off` : `Switch ${name} on. ${cost}`.trim()));
  setAttribute(chip.toggle, "aria-disabled", String(fixed !== ""));
  if (chip.word.textContent !== word) {
    chip.word.textContent = word;
  }
  if (chip.waits === on) {
    settle(chip);
  }
}

/** @param {Chip} chip */
function settle(chip) {
  chip.waits = null;
  chip.whole.removeAttribute("aria-busy");
}

/** @returns {HTMLElement | null} */
function holder() {
  return document.querySelector("[data-qt-chips]");
}

function draw() {
  const place = holder(), values = /** @type {Record<string, Value>} */ (model.chips || {});
  if (!place) {
    return;
  }
  const names = Object.keys(values).sort((a, b) => values[a][0] - values[b][0]);
  chips.forEach((chip, name) => {
    if (!(name in values)) {
      chip.whole.remove();
      chips.delete(name);
    }
  });
  putInOrder(place, names.map((name) => {
    const chip = chips.get(name) ?? make(name);
    chips.set(name, chip);
    fill(name, chip, values[name]);
    return chip.whole;
  }));
}

onPart("chips", () => {
  if (model.chips) {
    draw();   // out of sight nothing is sent, and what is drawn stays
  }
});
onNodes(() => {
  const place = holder();
  if (place && !place.dataset.seen) {
    place.dataset.seen = "1";
    place.replaceChildren();
    chips = new Map();
    picked = null;
    draw();
  }
});

/* ---- on and off ---- */

/** @param {string} name @param {Chip} chip */
function press(name, chip) {
  const value = /** @type {Value | undefined} */ ((model.chips || {})[name]);
  if (!value || chip.waits !== null) {
    return;
  }
  const [, , , , , on, cost, fixed] = value;
  if (fixed) {
    toast({ kind: "info", title: `${name} stays as it is`, text: fixed });
  } else if (on || !cost) {
    turn(name, chip, !on);
  } else {
    warn(name, chip, cost);
  }
}

/** @param {string} name @param {Chip} chip @param {boolean} wanted */
function turn(name, chip, wanted) {
  chip.waits = wanted;
  chip.whole.setAttribute("aria-busy", "true");
  const store = /** @type {HTMLElement} */ (holder()).dataset.request ?? "";
  askEngine(store, { action: "scan", name, on: wanted }, (/** @type {any} */ result) => {
    settle(chip);
    toast(result.ok ? { title: name + (wanted ? " is on" : " is off"), text: wanted ? "The first result takes up to 45 s." : "Its slot is free." } :
      { kind: "info", title: `${name} stays as it is`, text: result.text });
  });
}

/** Say what it costs, before it is done. @param {string} name @param {Chip} chip @param {string} cost */
function warn(name, chip, cost) {
  document.querySelector(".qt-scan-ask")?.remove();
  const ask = document.createElement("span"), text = document.createElement("span");
  const yes = document.createElement("button"), no = document.createElement("button");
  ask.className = "qt-scan-ask";
  ask.setAttribute("role", "alertdialog");
  ask.setAttribute("aria-label", `Switch ${name} on?`);
  text.textContent = cost;
  yes.type = no.type = "button";
  yes.className = "qt-button qt-button-small qt-button-main";
  no.className = "qt-button qt-button-small qt-button-quiet";
  yes.textContent = "Switch on";
  no.textContent = "Leave it";
  const close = () => {
    ask.remove();
    chip.toggle.focus();
  };
  yes.addEventListener("click", () => {
    close();
    turn(name, chip, true);
  });
  no.addEventListener("click", close);
  ask.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
  ask.append(text, yes, no);
  chip.whole.append(ask);
  yes.focus();
}
