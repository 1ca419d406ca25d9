/* Scoreboard of today or of the days kept; the audit on demand. */
(function () {
  "use strict";
  var qt = window.qt;

  window.dash_clientside.qtScores = {
    view: function (value) {
      document.querySelectorAll("[data-score]").forEach(function (block) { block.hidden = block.dataset.score !== (value || "today"); });
      return window.dash_clientside.no_update;
    }
  };

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-qt-audit]");
    if (!button || button.disabled) { return; }
    button.disabled = true;
    qt.ask(button.dataset.request, { action: "audit" }, function (result) {
      button.disabled = false;
      qt.toast(result.ok ? { title: "Audit", text: result.text } : { kind: "info", title: "No audit now", text: result.text });
    });
  });
})();
