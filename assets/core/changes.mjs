/* The newest changes of settings, each with its way back: <div data-qt-log data-request="store"> shows the part "log". */
(function () {
  "use strict";
  var qt = window.qt, fmt = qt.fmt;

  function make(tag, cls, text) {
    var element = document.createElement(tag);
    if (cls) { element.className = cls; }
    if (text) { element.textContent = text; }
    return element;
  }

  function setText(element, text) { if (element.textContent !== text) { element.textContent = text; } }

  function logRow(id) {
    var row = make("div", "qt-change"), text = make("div", "qt-change-text"), back = make("button", "qt-button qt-button-small", "Revert");
    text.append(make("b"), make("span", "qt-change-values"), make("span", "qt-soft qt-change-age"));
    back.type = "button";
    back.dataset.revert = id;
    row.append(text, make("span", "qt-soft qt-change-done"), back);
    row.dataset.id = id;
    return row;
  }

  function paintLog(list) {
    var entries = qt.model.log || {}, rows = {};
    Array.prototype.slice.call(list.children).forEach(function (row) {
      if (entries[row.dataset.id]) { rows[row.dataset.id] = row; } else { row.remove(); }
    });
    var ids = Object.keys(entries).sort(function (a, b) { return entries[a].order - entries[b].order; });
    ids.forEach(function (id, i) {
      var e = entries[id], row = rows[id] || logRow(id), back = row.querySelector("button");
      setText(row.querySelector("b"), e.label);
      setText(row.querySelector(".qt-change-values"), " " + e.text);
      setText(row.querySelector(".qt-change-age"), fmt.age(Math.max(0, qt.clock.now() - e.at)) + " ago" + (e.who === "page" ? "" : " · " + e.who));
      setText(row.querySelector(".qt-change-done"), e.done ? "taken back" : "");
      back.hidden = e.done;
      back.disabled = !!e.lock;
      back.title = e.lock || e.label + " " + e.back;
      if (list.children[i] !== row) { list.insertBefore(row, list.children[i] || null); }
    });
  }
  function paintLogs() { document.querySelectorAll("[data-qt-log]").forEach(paintLog); }
  qt.onPart("log", paintLogs);
  qt.onNodes(function () {
    document.querySelectorAll("[data-qt-log]").forEach(function (list) { if (!list.firstChild) { paintLog(list); } });
  });
  window.setInterval(function () { if (!document.hidden && !document.body.hasAttribute("data-frozen")) { paintLogs(); } }, 5000);

  document.addEventListener("click", function (event) {
    var back = event.target.closest && event.target.closest("[data-revert]");
    if (!back || back.disabled) { return; }
    back.disabled = true;
    var entry = qt.model.log[back.dataset.revert], words_ = entry.label + " " + entry.back;
    var store = back.closest("[data-request]").dataset.request;
    qt.ask(store, { action: "revert", change: Number(back.dataset.revert) }, function (result) {
      back.disabled = false;
      qt.toast(result.ok ? { title: "Change taken back", text: words_ } :
        { kind: "error", title: "Could not be taken back", text: result.text });
    });
  });
})();
