/* Custom scans: <div data-qt-custom data-request="store">. A form out of "scanparams" (what the gateway offers) over
   "customs" (what is kept). The draft is the user's until it is saved. */
import { askEngine } from "../core/ask.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { showTab } from "../core/tabs.mjs";
import { toast } from "../core/toast.mjs";

let chosen = ""; let coming = "";  // coming = just saved, not in the part yet

function params() { return model.scanparams || {}; }
function customs() { return model.customs || {}; }
function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text) { element.textContent = text; }
  return element;
}
function labelled(text, control) {
  const label = make("label", "qt-custom-field");
  label.append(make("span", "qt-soft", text), control);
  return label;
}
function button(text, action, cls) {
  const made = make("button", "qt-button qt-button-small" + (cls || ""), text);
  made.type = "button";
  made.dataset.customDo = action;
  return made;
}
function options(box, rows, value) {
  const mark = JSON.stringify(rows.map((row) => { return row[0]; }));
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...rows.map((row) => { return new Option(!row[0] || row[1] === row[0] ? row[1] : row[1] + " · " + row[0], row[0]); }));
  }
  if (rows.some((row) => { return row[0] === value; })) { box.value = value; }
}
function field(holder, name) { return holder.querySelector("[data-field='" + name + "']"); }
function control(tag, name, words) {
  const made = make(tag, "qt-input");
  made.dataset.field = name;
  made.setAttribute("aria-label", words);
  return made;
}

function build(holder) {
  const kept = control("select", "kept", "Custom scan"), name = control("input", "name", "Name of the scan");
  const side = control("select", "side", "Side");
  name.type = "text";
  name.maxLength = 24;
  name.placeholder = "name";
  name.autocomplete = "off";
  side.append(new Option("long", "long"), new Option("short", "short"));
  const grid = make("div", "qt-custom-grid"), filters = make("div", "qt-custom-filters"), bar = make("div", "qt-custom-bar");
  grid.append(labelled("Scan", kept), labelled("Name", name), labelled("Instrument", control("select", "instrument", "Instrument")),
    labelled("Location", control("select", "location", "Location")), labelled("Scan code", control("select", "code", "Scan code")), labelled("Side", side));
  filters.dataset.filters = "1";
  bar.append(button("Add filter", "filter"), make("span", "qt-push"), button("Delete", "delete"), button("Save and run", "keep", " qt-button-main"));
  holder.append(make("div", "qt-custom-note qt-soft"), grid, filters, bar, make("div", "qt-custom-said", ""));
  holder.lastChild.setAttribute("role", "alert");
  field(holder, "kept").addEventListener("change", function () { chosen = this.value; load(holder); });
  field(holder, "instrument").addEventListener("change", () => { offer(holder, {}); });
  paint(holder);
  load(holder);
}

function goes(rows, instrument) {
  return (rows || []).filter((row) => { return row[2].indexOf(instrument) >= 0; });
}
function tagsOf(instrument) {
  const found = (params().instruments || []).find((row) => { return row[0] === instrument; }), ids = found ? found[2] : [];
  return (params().filters || []).filter((row) => { return ids.indexOf(row[3]) >= 0; });
}

function offer(holder, want) {
  options(field(holder, "instrument"), params().instruments || [], want.instrument || "STK");
  const instrument = field(holder, "instrument").value;
  options(field(holder, "location"), goes(params().locations, instrument), want.location || (instrument === "STK" ? "STK.US.MAJOR" : ""));
  options(field(holder, "code"), goes(params().codes, instrument), want.code || "");
  holder.querySelectorAll(".qt-custom-filter select").forEach((box) => { options(box, tagsOf(instrument), box.value); });
}

function addFilter(holder, tag, value) {
  const line = make("div", "qt-custom-filter"), box = make("select", "qt-input"), text = make("input", "qt-input"), away = button("×", "less");
  box.setAttribute("aria-label", "Filter");
  text.type = "text";
  text.maxLength = 60;
  text.setAttribute("aria-label", "Value of the filter");
  text.value = value || "";
  away.setAttribute("aria-label", "Remove this filter");
  line.append(box, text, away);
  holder.querySelector("[data-filters]").appendChild(line);
  options(box, tagsOf(field(holder, "instrument").value), tag || "priceAbove");
  hint(box);
  box.addEventListener("change", () => { hint(box); });
}

function hint(box) {
  const row = (params().filters || []).find((each) => { return each[0] === box.value; });
  box.nextSibling.placeholder = !row ? "" : row[4].length ? row[4].join(", ") : row[2] === "text" ? "text" : row[2] === "whole" ? "whole number" : "number";
}

function load(holder) {
  const scan = customs()[chosen];
  field(holder, "name").value = chosen;
  offer(holder, scan ? { code: scan[1], instrument: scan[2], location: scan[3] } : {});
  field(holder, "side").value = scan ? scan[5] : "long";
  holder.querySelector("[data-filters]").replaceChildren();
  (scan ? scan[4] : []).forEach((pair) => { addFilter(holder, pair[0], pair[1]); });
  say(holder, "");
}

function say(holder, text) { holder.querySelector(".qt-custom-said").textContent = text; }

function paint(holder) {
  const names = Object.keys(customs()).sort(), isKnown = (params().codes || []).length > 0;
  if (coming && customs()[coming]) { chosen = coming; coming = ""; }
  if (chosen && !customs()[chosen]) { chosen = ""; }
  options(field(holder, "kept"), [["", "new scan"]].concat(names.map((name) => { return [name, name]; })), chosen);
  holder.querySelector(".qt-custom-note").textContent = isKnown ?
    "The liquidity floors hold too, unless a filter here has the same tag. Switch scans on and off on the first tab." : params().message || "Asking for the gateway's list of scans …";
  if (isKnown && !field(holder, "code").options.length) { if (chosen) { load(holder); } else { offer(holder, {}); } }   // a name typed meanwhile stays
  holder.querySelector("[data-custom-do=keep]").disabled = !isKnown;
  holder.querySelector("[data-custom-do=delete]").disabled = !chosen;
}

function keep(holder) {
  const name = field(holder, "name").value.trim().replace(/\s+/g, " ");
  const filters = Array.prototype.map.call(holder.querySelectorAll(".qt-custom-filter"), (line) => {
    return [line.children[0].value, line.children[1].value.trim()];
  });
  const request = { action: "keepscan", name, scan_code: field(holder, "code").value, instrument: field(holder, "instrument").value,
    location: field(holder, "location").value, side: field(holder, "side").value, filters };
  say(holder, "");
  askEngine(holder.dataset.request, request, (result) => {
    if (!result.ok) { say(holder, result.text); return; }
    coming = name;
    toast({ title: "Custom scan", text: result.text });
    paintAll();
  });
}

/* From the button beside the scans: an empty form, in sight. */
function begin(holder) {
  showTab("scanners", "custom");
  chosen = "";
  load(holder);
  paint(holder);
  field(holder, "name").focus();
}

function remove(holder) {
  const name = chosen;
  askEngine(holder.dataset.request, { action: "deletescan", name }, (result) => {
    if (!result.ok) { say(holder, result.text); return; }
    chosen = "";
    load(holder);
    toast({ title: "Custom scan", text: result.text });
  });
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest && event.target.closest("[data-custom-do]");
  if (!pressed || pressed.disabled) { return; }
  const holder = pressed.closest("[data-qt-custom]"), action = pressed.dataset.customDo;
  if (action === "begin") { event.preventDefault(); begin(document.querySelector("[data-qt-custom]")); return; }
  if (action === "filter") { addFilter(holder, "", ""); }
  if (action === "less") { pressed.closest(".qt-custom-filter").remove(); }
  if (action === "keep") { keep(holder); }
  if (action === "delete") { remove(holder); }
});

function paintAll() {
  if (!model.scanparams) { return; }   // out of sight: what is drawn stays
  document.querySelectorAll("[data-qt-custom]").forEach((holder) => { if (holder.firstChild) { paint(holder); } });
}
onPart("scanparams", paintAll);
onPart("customs", paintAll);
onNodes(() => {
  document.querySelectorAll("[data-qt-custom]").forEach((holder) => { if (!holder.firstChild) { build(holder); } });
});
