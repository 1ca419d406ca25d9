/* Scoreboard of today or of the days kept; the audit on demand. */
import { askEngine } from "../core/ask.mjs";
import { clientside, noUpdate } from "../core/dash.mjs";
import { toast } from "../core/toast.mjs";

clientside("qtScores", {
  view (value) {
    document.querySelectorAll("[data-score]").forEach((block) => { block.hidden = block.dataset.score !== (value || "today"); });
    return noUpdate();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("[data-qt-audit]");
  if (!button || button.disabled) { return; }
  button.disabled = true;
  askEngine(button.dataset.request, { action: "audit" }, (result) => {
    button.disabled = false;
    toast(result.ok ? { title: "Audit", text: result.text } : { kind: "info", title: "No audit now", text: result.text });
  });
});
