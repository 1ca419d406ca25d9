/** Channels of alerts ("rows:alertchannels") and the sign of life: an address is typed once, sent, and never shown again. */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { askEngine } from "../core/ask.mjs";
import { now } from "../core/clock.mjs";
import { setProps } from "../core/dash.mjs";
import { maybe } from "../core/dom.mjs";
import * as fmt from "../core/format.mjs";
import { get, model, onNodes, onPart } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";

/** @typedef {{order: number, service: string | null, shown: string | null, fixed: boolean, how: [string, string],
 *   waiting: number | null, last: number | null, ok: boolean}} Channel */

const EXAMPLES = "mailtos://user:password@smtp.host:587?to=me@host, ntfys://topic, tgram://token/chat, slack://..., " +
  "discord://..., json://host/path, dbus:// or windows:// for this desktop";
let said = "";
let heartSaid = "";

/** @param {string} name */
const place = (name) => maybe(document, `[data-qt-alerts=${name}]`);

/**
 * Ask, and let no address stay in the page's memory.
 * @param {Record<string, unknown>} request
 * @param {(ok: boolean, text: string) => void} done
 */
function ask(request, done) {
  const store = place("channels")?.dataset.request ?? "";
  askEngine(store, /** @type {any} */ (request), ({ ok, text }) => {
    setProps(store, { data: null });
    done(ok, text);
  });
}

/** @param {string} name @param {string} action */
function act(name, action) {
  ask({ action: `alert-${action}`, name }, (ok, text) =>
    toast(ok ? { title: action === "test" ? "Test sent" : "Channel deleted", text } : { kind: "error", title: "It did not work", text }));
}

/** @param {[string, Channel]} entry */
const line = ([name, row]) => html`<li class="qt-channel" data-name=${name}>
  <div class="qt-alert-words"><div><b>${name}</b> <span class="qt-soft">${[row.service, row.fixed ? "from the environment" : ""]
    .filter(Boolean).join(", ")}</span></div>
    <div class="qt-channel-shown">${row.shown ?? ""}</div>
    <div data-tone=${row.how[1]} class="qt-channel-how">${[row.how[0], row.waiting ? `${row.waiting} waiting` : "",
    row.last === null ? "" : `last taken ${fmt.age(Math.max(0, now() - row.last))} ago`].filter(Boolean).join(" · ")}</div></div>
  <div class="qt-alert-do"><button type="button" class="qt-button qt-button-small" aria-label="Test ${name}"
    @click=${() => act(name, "test")}>Test</button>${row.fixed ? nothing : html`<button type="button"
    class="qt-button qt-button-small qt-button-quiet" aria-label="Delete ${name}" @click=${() => act(name, "forget")}>Delete</button>`}</div></li>`;

/** @param {SubmitEvent} event */
function keep(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target), given = new FormData(form);
  ask({ action: "alert-channel", name: String(given.get("name") ?? ""), url: String(given.get("url") ?? "") }, (ok, text) => {
    said = text;
    if (ok) {
      form.reset();
    }
    draw();
  });
}

function draw() {
  const holder = place("channels");
  if (!holder) {
    return;
  }
  const rows = /** @type {Array<[string, Channel]>} */ (Object.entries(model["rows:alertchannels"] ?? {}));
  rows.sort((a, b) => a[1].order - b[1].order);
  render(html`<ul class="qt-alerts-rows">${rows.map(line)}</ul>
    <form class="qt-channel-form" autocomplete="off" @submit=${keep}>
      <input class="qt-input" name="name" aria-label="Name of the channel" placeholder="name: phone" maxlength="30">
      <input class="qt-input" name="url" type="password" aria-label="Address of the channel" placeholder="address, e.g. ntfys://topic"
        maxlength="1000" autocomplete="new-password" title=${EXAMPLES}>
      <button type="submit" class="qt-button">Add</button></form>
    <p class="qt-soft qt-channel-note">An address is a secret: it is kept in a file for your eyes alone and not shown again.
      Addresses are those of Apprise: ${EXAMPLES}.</p>
    <div class="qt-channel-said" role="status">${said}</div>`, holder);
}

/** @param {SubmitEvent} event */
function keepHeart(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  heart(String(new FormData(form).get("url") ?? ""), form);
}

/** @param {string} url @param {HTMLFormElement} [form] */
function heart(url, form) {
  ask({ action: "alert-heartbeat", name: "", url }, (ok, text) => {
    heartSaid = text;
    if (ok) {
      form?.reset();
    }
    drawHeart();
  });
}

function drawHeart() {
  const holder = place("heartbeat");
  if (!holder) {
    return;
  }
  const isOn = Boolean(get("alerts.heart")), isFixed = Boolean(get("alerts.heart_fixed"));
  render(isFixed ? html`<p class="qt-soft">Its address comes from the environment.</p>` : html`
    <form class="qt-channel-form" autocomplete="off" @submit=${keepHeart}>
      <input class="qt-input" name="url" type="password" aria-label="Address of the sign of life" placeholder="https://..."
        maxlength="1000" autocomplete="new-password">
      <button type="submit" class="qt-button">Set</button>${isOn ? html`<button type="button" class="qt-button qt-button-quiet"
        @click=${() => heart("")}>Off</button>` : nothing}</form>
    <div class="qt-channel-said" role="status">${heartSaid}</div>`, holder);
}

onPart("rows:alertchannels", draw);
onPart("alerts", drawHeart);
onNodes(() => {
  if (place("channels") && !place("channels")?.firstElementChild) {
    said = heartSaid = "";
    draw();
    drawHeart();
  }
});
