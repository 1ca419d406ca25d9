/** Notices at the bottom right: they go after 6 s, not while the pointer or the focus is in them, and errors stay. */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { make } from "./dom.mjs";

/** @typedef {{kind?: "ok" | "info" | "error", title: string, text: string, action?: {label: string, run: () => void}}} Notice */

const TOAST_MS = 6000;
const GLYPHS = { ok: "check-circle-fill", info: "info-circle-fill", error: "x-circle-fill" };

function shelf() {
  let found = document.getElementById("qt-toasts");
  if (!found) {
    found = make("div");
    found.id = "qt-toasts";
    found.setAttribute("role", "status");
    found.setAttribute("aria-live", "polite");
    document.body.append(found);
  }
  return found;
}

/** @param {Notice} notice */
export function toast({ kind = "ok", title, text, action }) {
  const box = make("div", "qt-toast"), away = () => box.remove();
  const act = () => {
    away();
    action?.run();
  };
  box.dataset.kind = kind;
  render(html`
    <i class="bi bi-${GLYPHS[kind]}"></i>
    <div class="qt-toast-words"><b>${title}</b><span>${text}</span></div>
    ${action ? html`<button type="button" class="qt-toast-action" @click=${act}>${action.label}</button>` : nothing}
    <button type="button" class="qt-icon-button bi bi-x-lg" aria-label="Close this notice" @click=${away}></button>`, box);
  shelf().append(box);
  if (kind === "error") {
    return;
  }
  let timer = window.setTimeout(away, TOAST_MS);
  const stay = () => window.clearTimeout(timer);
  box.addEventListener("mouseenter", stay);
  box.addEventListener("focusin", stay);
  box.addEventListener("mouseleave", () => { timer = window.setTimeout(away, TOAST_MS); });
}
