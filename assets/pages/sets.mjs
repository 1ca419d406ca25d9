/* Named sets of thresholds: <div data-qt-sets data-request="store"> over the part "sets":
   name -> [order, is built in, is in force, what differs in words, runs in the shadow, why it can't be loaded]. */
import { askEngine } from "../core/ask.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";

let chosen = null; let coming = null;  // coming = just kept, not in the part yet

function sets() { return model.sets || {}; }
function bars(fn) { Array.prototype.forEach.call(document.querySelectorAll("[data-qt-sets]"), fn); }
function setText(element, text) { if (element.textContent !== text) { element.textContent = text; } }
function names() { return Object.keys(sets()).sort((a, b) => { return sets()[a][0] - sets()[b][0]; }); }

function choice(bar) {
  let box = bar.querySelector("select");
  if (box) { return box; }
  box = document.createElement("select");
  box.className = "qt-input";
  box.setAttribute("aria-label", "Named set of thresholds");
  box.addEventListener("change", () => { chosen = box.value; paintAll(); });
  bar.querySelector(".qt-set-choice").appendChild(box);
  bar.querySelector(".qt-set-name").appendChild(nameBox());
  return box;
}

function nameBox() {
  const box = document.createElement("input");
  box.className = "qt-input";
  box.type = "text";
  box.maxLength = 40;
  box.autocomplete = "off";
  box.placeholder = "name of the set";
  box.setAttribute("aria-label", "Name of the set");
  return box;
}

function label(name) {
  const set = sets()[name];
  return name + (set[2] ? " · in force" : "") + (set[4] ? " · shadow" : "");
}

function paint(bar) {
  const box = choice(bar), list = names(), mark = list.map(label).join("|");
  if (!list.length) { return; }
  if (coming && sets()[coming]) { chosen = coming; coming = null; }
  if (!sets()[chosen]) { chosen = list.find((name) => { return sets()[name][2]; }) || list[0]; }
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...list.map((name) => { return new Option(label(name), name); }));
  }
  if (box.value !== chosen) { box.value = chosen; }
  const set = sets()[chosen];
  button(bar, "load").disabled = set[2] || !!set[5];
  button(bar, "delete").hidden = set[1];
  button(bar, "shadow").disabled = !!set[5];
  button(bar, "shadow").setAttribute("aria-pressed", set[4] ? "true" : "false");
  setText(button(bar, "shadow"), set[4] ? "End shadow" : "Shadow");
  setText(bar.querySelector(".qt-set-words"), set[5] || (set[2] ? chosen + " is in force." : set[3]));
}

function button(bar, action) { return bar.querySelector("[data-set-do='" + action + "']"); }
function paintAll() { bars(paint); }
onPart("sets", paintAll);
onNodes(() => { bars((bar) => { if (!bar.querySelector("select")) { paint(bar); } }); });

const TITLES = { load: "Set loaded", keep: "Set kept", delete: "Set deleted", shadow: "Shadow set" };

function ask(bar, action, name) {
  bar.setAttribute("aria-busy", "true");
  askEngine(bar.dataset.request, { action: "set", do: action, name }, (result) => {
    bar.removeAttribute("aria-busy");
    if (result.ok && action === "keep") { coming = name.trim().replace(/\s+/g, " "); showName(bar, false); paintAll(); }
    toast(result.ok ? { title: TITLES[action], text: result.text || name } :
      { kind: "error", title: "Nothing was changed", text: result.text });
  });
}

function showName(bar, on) {
  const keep = bar.querySelector(".qt-set-keep"), box = keep.querySelector("input");
  keep.hidden = !on;
  if (on) {
    box.value = sets()[chosen] && !sets()[chosen][1] ? chosen : "";
    box.focus();
  }
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest && event.target.closest("[data-set-do]");
  if (!pressed || pressed.disabled) { return; }
  const bar = pressed.closest("[data-qt-sets]"), action = pressed.dataset.setDo;
  if (action === "name") { showName(bar, bar.querySelector(".qt-set-keep").hidden); return; }
  if (action === "keep") { ask(bar, "keep", bar.querySelector(".qt-set-name input").value); return; }
  ask(bar, action, action === "shadow" && sets()[chosen][4] ? "" : chosen);
});

document.addEventListener("keydown", (event) => {
  const bar = event.target.closest && event.target.closest(".qt-set-keep");
  if (!bar) { return; }
  if (event.key === "Enter") { event.preventDefault(); button(bar.closest("[data-qt-sets]"), "keep").click(); }
  if (event.key === "Escape") { showName(bar.closest("[data-qt-sets]"), false); }
});
