/* Settings page: the usual brokers as one choice over mode and port, and the test of another address. */
import { askEngine } from "../core/ask.mjs";
import * as form from "../core/form.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";

const MODE = "broker.mode", PORT = "broker.port", HOST = "broker.host";

function choices() { return ((model.fields || {})[MODE] || {}).choices || []; }
function forced(key) { return ((model.set || {})[key] || {}).lock; }

/* The choice that mode and port amount to; no port means TWS' usual one. */
function current() {
  const mode = form.value(MODE), port = form.value(PORT);
  const usual = { paper: 7497, live: 7496 };
  const found = choices().find((each) => {
    return each[2] === mode && (mode === "simulated" ? port === null : (port === null ? usual[mode] : port) === each[3]);
  });
  return found ? found[0] : "custom";
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
  const choice = choices().find((each) => { return each[0] === value; });
  if (!choice) {
    const box = document.getElementById("qt-f-broker-port");
    if (box) { box.focus(); }
    return;
  }
  form.draft(MODE, choice[2]);
  form.draft(PORT, choice[3] === null ? "" : String(choice[3]));
}

function paint() {
  document.querySelectorAll("[data-qt-choice]").forEach((holder) => {
    if (!choices().length || form.value(MODE) === undefined) { return; }
    if (!holder.firstChild) {
      holder.setAttribute("role", "radiogroup");
      holder.setAttribute("aria-label", "Broker");
      choices().forEach((each) => { holder.appendChild(radio(each[0], each[1])); });
      holder.appendChild(radio("custom", "Custom"));
    }
    const now = current(), locked = !!(forced(MODE) || forced(PORT));
    holder.querySelectorAll("input").forEach((input) => {
      if (input.checked !== (input.value === now)) { input.checked = input.value === now; }
      input.disabled = locked;
    });
  });
}
form.onChange(paint);
onPart("set", paint);
onNodes(paint);

/* ---- test connection ---- */
function address() {
  const usual = { paper: 7497, live: 7496 }, port = form.value(PORT);
  return { host: form.value(HOST), port: port === null ? usual[form.value(MODE)] : port };
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
    say(button, "The simulated gateway starts with the program; choose TWS or Gateway to test one.", "");
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
