/**
 * The login over a page whose session has ended: the page stays as it is below, with all that was typed, and nobody sees it
 * meanwhile. And the way out.
 */
import { logIn, logOut, showable } from "../login/ask.mjs";
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { make, one, within } from "./dom.mjs";
import { loggedIn, onLoggedIn, onLoggedOut } from "./session.mjs";
import { toast } from "./toast.mjs";
import { LINK_FILE, LOGIN_PATH } from "./wire.mjs";

/** @typedef {import("./session.mjs").Way} Way */

/** @type {HTMLDialogElement | null} */
let dialog = null;

/** @param {Way[]} ways */
const bodyOf = (ways) => html`
  <h2 id="qt-login-title">Log in again</h2>
  <p>Your session has ended. What you have typed is still on the page below.</p>
  ${ways.includes("password") ? html`<form @submit=${(/** @type {SubmitEvent} */ event) => void submit(event)}>
    <input type="text" name="username" value="qtrade" autocomplete="username" hidden>
    <label for="qt-login-password">Password</label>
    <div class="qt-login-box">
      <input id="qt-login-password" class="qt-input" type="password" autocomplete="current-password" maxlength="1024" required autofocus>
      <button type="button" class="qt-button qt-button-quiet qt-button-small" aria-pressed="false"
        aria-controls="qt-login-password">Show</button>
    </div>
    <button class="qt-button qt-button-main">Log in</button>
  </form>` : nothing}
  ${ways.includes("link") ? html`<p>${ways.includes("password") ? "Or open" : "Open"} <code>${LINK_FILE}</code> of QTrade's
    data folder in this browser: this page then goes on by itself.</p>` : nothing}
  <p class="qt-login-said" role="alert"></p>`;

onLoggedOut((ways) => {
  dialog = make("dialog", "qt-login");
  dialog.setAttribute("aria-labelledby", "qt-login-title");
  dialog.addEventListener("cancel", (event) => event.preventDefault());   // there is nothing to go back to
  render(bodyOf(ways), dialog);
  document.body.append(dialog);
  const box = dialog.querySelector("input[type=password]"), show = dialog.querySelector(".qt-login-box button");
  if (box instanceof HTMLInputElement && show instanceof HTMLButtonElement) {
    showable(box, show);
  }
  dialog.showModal();
});

onLoggedIn(() => {
  dialog?.remove();
  dialog = null;
});

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  if (dialog === null) {
    return;
  }
  const box = /** @type {HTMLInputElement} */ (one(dialog, "#qt-login-password")), said = one(dialog, ".qt-login-said");
  const button = /** @type {HTMLButtonElement} */ (one(dialog, ".qt-button-main"));
  said.textContent = "";
  box.readOnly = button.disabled = true;   // nothing is typed while an answer is under way
  const why = await logIn({ password: box.value });
  box.readOnly = button.disabled = false;
  if (why === "") {
    loggedIn();
    return;
  }
  said.textContent = why;
  box.select();
}

document.addEventListener("click", (event) => {
  if (within(event, "[data-qt-logout]")) {
    void leave();
  }
});

async function leave() {
  if (await logOut()) {
    window.location.assign(LOGIN_PATH);
    return;
  }
  toast({ kind: "error", title: "Not logged out", text: "QTrade does not answer. The session ends by itself when no page is open." });
}
