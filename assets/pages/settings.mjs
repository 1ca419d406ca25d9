/**
 * Settings page: which broker as one question over mode and port, the test of another address, and the bar that must not lie
 * over what is typed into.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { make, maybe, one, within } from "../core/dom.mjs";
import * as form from "../core/form.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";

/** @typedef {[value: string, label: string, mode: string, port: number | null]} Choice */

const MODE = "broker.mode", PORT = "broker.port", HOST = "broker.host", ACCOUNT = "broker.account";
const TEST_EVERY_MS = 5200;
const OTHER = 0;   // a choice's port: the one that is typed below
/** "Other port" was chosen in this mode, and this port not changed yet. @type {{mode: string, typed: any} | null} */
let asked = null;

/** @returns {Choice[]} */
const choices = () => model.fields?.[MODE]?.choices ?? [];
/** @param {string} key */
const forced = (key) => model.set?.[key]?.lock;

/** The port that no port means: that of the mode's first choice. @param {string} mode */
const usual = (mode) => choices().find((each) => each[2] === mode && each[3])?.[3] ?? null;

/** The choice that mode and port amount to. */
function current() {
  const mode = form.value(MODE), typed = form.value(PORT), port = typed === null ? usual(mode) : typed;
  const isOther = asked !== null && asked.mode === mode && asked.typed === typed;
  const found = choices().find((each) => each[2] === mode && each[3] === port && !isOther);
  return (found ?? choices().find((each) => each[2] === mode && !each[3]))?.[0] ?? "";
}

/** @param {Choice} choice */
function choose([, , mode, port]) {
  asked = port === OTHER ? { mode, typed: form.value(PORT) } : null;
  if (mode !== form.value(MODE) && !forced(ACCOUNT)) {
    form.draft(ACCOUNT, "");   // an account is one mode's
  }
  form.draft(MODE, mode);
  if (port === OTHER) {
    document.getElementById("qt-f-broker-port")?.focus();
  } else {
    form.draft(PORT, port === null ? "" : String(port));
  }
}

/** The radios stand in the place of the mode's own control. @param {HTMLElement} field */
function radiosOf(field) {
  const known = maybe(field, ".qt-broker-choice");
  if (known) {
    return known;
  }
  const holder = make("div", "qt-broker-choice");
  holder.setAttribute("role", "radiogroup");
  holder.setAttribute("aria-label", "Broker");
  one(field, ".qt-field-head").hidden = true;
  field.prepend(holder);
  return holder;
}

function paint() {
  const field = maybe(document, `.qt-field[data-key='${MODE}']`);
  if (!field || !choices().length || form.value(MODE) === undefined) {
    return;
  }
  const now = current(), isLocked = Boolean(forced(MODE) || forced(PORT));
  render(choices().map((choice) => html`<label class="qt-choice" ?data-chosen=${choice[0] === now}><input type="radio" name="qt-broker-choice" value=${choice[0]}
    .checked=${choice[0] === now} ?disabled=${isLocked} @change=${() => choose(choice)}><span>${choice[1]}</span></label>`),
  radiosOf(field));
  radiosOf(field).querySelectorAll("input").forEach((input) => {   // the browser has moved the mark by itself
    if (input.checked !== (input.value === now)) {
      input.checked = input.value === now;
    }
  });
}
form.onChange(paint);
onPart("set", paint);
onNodes(paint);

/* ---- the bar: it comes with the first change and lies over what is below; the field that is typed into moves above it ---- */
form.onChange(() => {
  const field = document.activeElement?.closest(".qt-settings .qt-field"), bar = maybe(document, ".qt-settings .qt-form-bar");
  const hidden = field && bar?.offsetParent ? field.getBoundingClientRect().bottom - bar.getBoundingClientRect().top : 0;
  if (hidden > 0) {
    window.scrollBy({ top: hidden + 8, behavior: "instant" });
  }
});

/* ---- another computer: used once the trader has said so of this one ---- */
/** @type {string | null} */
let trusted = null;

/** @param {any} host */
const isThisComputer = (host) => typeof host !== "string" || host === "localhost" || host === "::1" || /^127\.[\d.]+$/.test(host);

function paintTrust() {
  const field = maybe(document, `.qt-field[data-key='${HOST}']`), host = form.value(HOST);
  if (!field) {
    return;
  }
  const isAsked = !isThisComputer(host) && host !== model.set?.[HOST]?.v;
  const holder = maybe(field, ".qt-trust") ?? field.appendChild(make("div", "qt-trust"));
  render(isAsked ? html`<label><input type="checkbox" .checked=${trusted === host} @change=${(/** @type {Event} */ event) => {
    trusted = /** @type {HTMLInputElement} */ (event.target).checked ? host : null;
  }}><span>I trust <b>${host}</b> and the network to it: what TWS sends is not encrypted.</span></label>` : nothing, holder);
}
form.onChange(paintTrust);
onPart("set", paintTrust);
onNodes(paintTrust);
form.onSubmit((changes) => (changes[HOST] === undefined || trusted === null ? {} : { trusted }));

/* ---- test connection ---- */
function address() {
  const port = form.value(PORT), word = trusted === null ? {} : { trusted };
  return { host: form.value(HOST), port: port === null ? usual(form.value(MODE)) : port, ...word };
}

/** @param {HTMLElement} button @param {string} text @param {string} tone */
function say(button, text, tone) {
  const said = one(/** @type {HTMLElement} */ (button.parentElement), ".qt-probe-said");
  said.textContent = text;
  said.dataset.tone = tone;
  button.parentElement?.scrollIntoView({ block: "nearest", behavior: "instant" });   // above the bar
}

document.addEventListener("click", (event) => {
  const button = within(event, "[data-qt-probe]");
  if (!(button instanceof HTMLButtonElement) || button.disabled) {
    return;
  }
  if (form.value(MODE) === "simulated" && form.value(PORT) === null) {
    say(button, "The simulated gateway is QTrade's own; choose TWS or Gateway to test one.", "");
    return;
  }
  const began = Date.now();
  button.disabled = true;
  say(button, "asking …", "");
  askEngine(button.dataset.qtProbe ?? "", { action: "probe", ...address() }, (result) => {
    window.setTimeout(() => {
      button.disabled = false;
    }, Math.max(0, began + TEST_EVERY_MS - Date.now()));   // sooner the server would refuse the next one
    const [first] = Object.values(result.errors);
    say(button, `${result.ok ? "✓" : "✕"} ${first ?? result.text}`, result.ok ? "gain" : "loss");
  });
});
