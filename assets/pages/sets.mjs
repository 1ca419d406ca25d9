/** Named sets of thresholds: <div data-qt-sets data-request="store"> over the part "sets". */
import { askEngine } from "../core/ask.mjs";
import { all, make, one, setText, within } from "../core/dom.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";

/** `differs` from what is in force, `cannot` be loaded because, both in words.
 * @typedef {[order: number, isBuiltIn: boolean, isInForce: boolean, differs: string, isShadow: boolean,
 *   cannot: string]} NamedSet */

/** @type {string | null} */
let chosen = null;
/** Just kept, not in the part yet. @type {string | null} */
let coming = null;

/** @returns {Record<string, NamedSet>} */
const sets = () => model.sets ?? {};
const bars = () => all(document, "[data-qt-sets]");
/** @param {Element} element */
const barOf = (element) => /** @type {HTMLElement} */ (element.closest("[data-qt-sets]"));
/** @param {HTMLElement} bar @param {string} action */
const buttonOf = (bar, action) => /** @type {HTMLButtonElement} */ (one(bar, `[data-set-do='${action}']`));
/** @param {HTMLElement} bar */
const nameBox = (bar) => /** @type {HTMLInputElement} */ (one(bar, ".qt-set-name input"));

/** @param {HTMLElement} bar */
function build(bar) {
  const box = make("select", "qt-input"), name = make("input", "qt-input");
  box.setAttribute("aria-label", "Named set of thresholds");
  box.addEventListener("change", () => {
    chosen = box.value;
    paintAll();
  });
  name.type = "text";
  name.maxLength = 40;
  name.autocomplete = "off";
  name.placeholder = "name of the set";
  name.setAttribute("aria-label", "Name of the set");
  one(bar, ".qt-set-choice").append(box);
  one(bar, ".qt-set-name").append(name);
  return box;
}

/** @param {string} name */
function label(name) {
  const [, , isInForce, , isShadow] = sets()[name];
  return `${name}${isInForce ? " · in force" : ""}${isShadow ? " · shadow" : ""}`;
}

/** The set that is chosen among those that there are. @param {string[]} names */
function choice(names) {
  const known = sets();
  if (coming && known[coming]) {
    chosen = coming;
    coming = null;
  }
  if (chosen === null || !known[chosen]) {
    chosen = names.find((name) => known[name][2]) ?? names[0];
  }
  return chosen;
}

/** @param {HTMLElement} bar */
function paint(bar) {
  const box = bar.querySelector("select") ?? build(bar), names = Object.keys(sets()).sort((a, b) => sets()[a][0] - sets()[b][0]);
  if (!names.length) {
    return;
  }
  const now = choice(names), mark = names.map(label).join("|"), [, isBuiltIn, isInForce, differs, isShadow, cannot] = sets()[now];
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...names.map((name) => new Option(label(name), name)));
  }
  if (box.value !== now) {
    box.value = now;
  }
  const shadow = buttonOf(bar, "shadow");
  buttonOf(bar, "load").disabled = isInForce || Boolean(cannot);
  buttonOf(bar, "delete").hidden = isBuiltIn;
  shadow.disabled = Boolean(cannot);
  shadow.setAttribute("aria-pressed", String(Boolean(isShadow)));
  setText(shadow, isShadow ? "End shadow" : "Shadow");
  setText(one(bar, ".qt-set-words"), cannot || (isInForce ? `${now} is in force.` : differs));
}

const paintAll = () => bars().forEach(paint);
onPart("sets", paintAll);
onNodes(() => bars().filter((bar) => !bar.querySelector("select")).forEach(paint));

/** @type {Record<string, string>} */
const TITLES = { load: "Set loaded", keep: "Set kept", delete: "Set deleted", shadow: "Shadow set" };

/** @param {HTMLElement} bar @param {string} action @param {string} name */
function ask(bar, action, name) {
  bar.setAttribute("aria-busy", "true");
  askEngine(bar.dataset.request ?? "", { action: "set", do: action, name }, ({ ok, text }) => {
    bar.removeAttribute("aria-busy");
    if (ok && action === "keep") {
      coming = name.trim().replace(/\s+/g, " ");
      showName(bar, false);
      paintAll();
    }
    toast(ok ? { title: TITLES[action], text: text || name } : { kind: "error", title: "Nothing was changed", text });
  });
}

/** @param {HTMLElement} bar @param {boolean} on */
function showName(bar, on) {
  one(bar, ".qt-set-keep").hidden = !on;
  if (on) {
    const box = nameBox(bar), set = chosen === null ? undefined : sets()[chosen];
    box.value = set && !set[1] && chosen !== null ? chosen : "";
    box.focus();
  }
}

document.addEventListener("click", (event) => {
  const pressed = within(event, "[data-set-do]");
  if (!(pressed instanceof HTMLButtonElement) || pressed.disabled) {
    return;
  }
  const bar = barOf(pressed), action = pressed.dataset.setDo ?? "", now = chosen ?? "";
  if (action === "name") {
    showName(bar, Boolean(one(bar, ".qt-set-keep").hidden));
  } else if (action === "keep") {
    ask(bar, "keep", nameBox(bar).value);
  } else {
    ask(bar, action, action === "shadow" && sets()[now]?.[4] ? "" : now);
  }
});

document.addEventListener("keydown", (event) => {
  const keep = within(event, ".qt-set-keep");
  if (keep && event.key === "Enter") {
    event.preventDefault();
    buttonOf(barOf(keep), "keep").click();
  } else if (keep && event.key === "Escape") {
    showName(barOf(keep), false);
  }
});
