/* Settings page: which broker as one question over mode and port, the test of another address, and the bar that must not
   lie over what is typed into. */
import { askEngine } from "../core/ask.mjs";
import * as form from "../core/form.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";

const MODE = "broker.mode", PORT = "broker.port", HOST = "broker.host", ACCOUNT = "broker.account";
const OTHER = 0;   /* a choice's port: the one that is typed below */
let asked = null;   /* [mode, port]: "other port" was chosen, and this port not changed yet */

function choices() { return ((model.fields || {})[MODE] || {}).choices || []; }
function forced(key) { return ((model.set || {})[key] || {}).lock; }

/* The port that no port means: that of the mode's first choice. */
function usual(mode) {
  const first = choices().find((each) => { return each[2] === mode && each[3]; });
  return first ? first[3] : null;
}

/* The choice that mode and port amount to. */
function current() {
  const mode = form.value(MODE), typed = form.value(PORT), port = typed === null ? usual(mode) : typed;
  const isOther = asked !== null && asked[0] === mode && asked[1] === typed;
  const found = choices().find((each) => { return each[2] === mode && each[3] === port && !isOther; });
  const rest = choices().find((each) => { return each[2] === mode && !each[3]; });
  return (found || rest || [""])[0];
}

function radio(value, label) {
  const holder = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
  input.type = "radio";
  input.name = "qt-broker-choice";
  input.value = value;
  text.textContent = label;
  holder.className = "qt-choice";
  holder.append(input, text);
  input.addEventListener("change", () => { choose(value); });
  return holder;
}

function choose(value) {
  const [, , mode, port] = choices().find((each) => { return each[0] === value; });
  asked = port === OTHER ? [mode, form.value(PORT)] : null;
  if (mode !== form.value(MODE) && !forced(ACCOUNT)) { form.draft(ACCOUNT, ""); }   /* an account is one mode's */
  form.draft(MODE, mode);
  if (port === OTHER) {
    document.getElementById("qt-f-broker-port")?.focus();
  } else {
    form.draft(PORT, port === null ? "" : String(port));
  }
}

/* The radios stand in the place of the mode's own control. */
function choiceOf(field) {
  let holder = field.querySelector(".qt-broker-choice");
  if (!holder) {
    holder = document.createElement("div");
    holder.className = "qt-broker-choice";
    holder.setAttribute("role", "radiogroup");
    holder.setAttribute("aria-label", "Broker");
    holder.append(...choices().map((each) => { return radio(each[0], each[1]); }));
    field.querySelector(".qt-field-head").hidden = true;
    field.prepend(holder);
  }
  return holder;
}

function paint() {
  const field = document.querySelector(".qt-field[data-key='" + MODE + "']");
  if (!field || !choices().length || form.value(MODE) === undefined) { return; }
  const now = current(), locked = !!(forced(MODE) || forced(PORT));
  choiceOf(field).querySelectorAll("input").forEach((input) => {
    if (input.checked !== (input.value === now)) { input.checked = input.value === now; }
    input.disabled = locked;
  });
}
form.onChange(paint);
onPart("set", paint);
onNodes(paint);

/* ---- the bar ---- */
/* It comes with the first change and lies over what is below: the field that is typed into moves above it. */
form.onChange(() => {
  const field = document.activeElement && document.activeElement.closest(".qt-settings .qt-field");
  const bar = field && document.querySelector(".qt-settings .qt-form-bar");
  if (!bar || !bar.offsetParent) { return; }
  const hidden = field.getBoundingClientRect().bottom - bar.getBoundingClientRect().top;
  if (hidden > 0) { window.scrollBy({ top: hidden + 8, behavior: "instant" }); }
});

/* ---- test connection ---- */
function address() {
  const port = form.value(PORT);
  return { host: form.value(HOST), port: port === null ? usual(form.value(MODE)) : port };
}

function say(button, text, tone) {
  const said = button.parentNode.querySelector(".qt-probe-said");
  said.textContent = text;
  said.dataset.tone = tone;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("[data-qt-probe]");
  if (!button || button.disabled) { return; }
  if (form.value(MODE) === "simulated" && form.value(PORT) === null) {
    say(button, "The simulated gateway is QTrade's own; choose TWS or Gateway to test one.", "");
    return;
  }
  button.disabled = true;
  say(button, "asking …", "");
  askEngine(button.dataset.qtProbe, Object.assign({ action: "probe" }, address()), (result) => {
    button.disabled = false;
    const first = Object.keys(result.errors)[0];
    say(button, (result.ok ? "✓ " : "✕ ") + (first ? result.errors[first] : result.text), result.ok ? "gain" : "loss");
  });
});
