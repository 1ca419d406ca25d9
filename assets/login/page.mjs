/** The login page: a password, or the word of a link behind "#once=". Leads to the address that was asked for. */
import { isLoggedIn, logIn, showable } from "./ask.mjs";

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const box = /** @type {HTMLInputElement | null} */ (document.getElementById("password"));
const show = /** @type {HTMLButtonElement | null} */ (document.getElementById("show"));
const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("form .primary"));
const ONCE = "#once=";

const goOn = () => window.location.replace(main.dataset.next ?? "/");

/** Nothing is typed while an answer is under way. @param {boolean} isBusy */
function wait(isBusy) {
  if (box && button) {
    box.readOnly = button.disabled = isBusy;
  }
}

/** @param {{password: string} | {once: string}} tried */
async function attempt(tried) {
  said.textContent = "";
  wait(true);
  const why = await logIn(tried);
  if (why === "") {
    goOn();
    return;
  }
  wait(false);
  said.textContent = why;
  box?.select();
}

if (box && show) {
  showable(box, show);
}
document.querySelector("form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt({ password: box?.value ?? "" });
});

if (window.location.hash.startsWith(ONCE)) {
  const once = window.location.hash.slice(ONCE.length);
  window.history.replaceState(null, "", window.location.pathname + window.location.search);   // it is good no more
  void attempt({ once });
} else if (await isLoggedIn()) {   // came by a link of another program, whose request carries no cookie
  goOn();
}
