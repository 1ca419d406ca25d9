/** Scoreboard of today or of the days kept; the audit on demand. */
import { askEngine } from "../core/ask.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { all, within } from "../core/dom.mjs";
import { toast } from "../core/toast.mjs";

clientside("qtScores", {
  view(/** @type {string} */ value) {
    all(document, "[data-score]").forEach((block) => { block.hidden = block.dataset.score !== (value || "today"); });
    return noUpdate();
  },
});

document.addEventListener("click", (event) => {
  const button = within(event, "[data-qt-audit]");
  if (!(button instanceof HTMLButtonElement) || button.disabled) {
    return;
  }
  button.disabled = true;
  askEngine(button.dataset.request ?? "", { action: "audit" }, ({ ok, text }) => {
    button.disabled = false;
    toast(ok ? { title: "Audit", text } : { kind: "info", title: "No audit now", text });
  });
});
