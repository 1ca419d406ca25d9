/* Questions to the engine and notices about them.
   qt.ask(store, {action, ...}, done): hands a request to the server through the store with that id; `done` is called
     once with {ok, text, errors, value}: at once when it was refused, else when the engine's answer is in the part "answers".
     Returns the request's id. Requests go out one after the other, so that no reply is lost.
   qt.toast({kind: "ok"|"info"|"error", title, text, action: {label, run}}): bottom right, 6 s, errors stay. */
(function () {
  "use strict";
  var qt = window.qt;
  var ANSWER_MS = 10000, REPLY_MS = 6000, TOAST_MS = 6000;
  var asks = {}, queue = [], sending = null;

  function newId() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }

  function finish(id, result) {
    var ask = asks[id];
    if (!ask) { return; }
    delete asks[id];
    window.clearTimeout(ask.timer);
    ask.done(Object.assign({ ok: false, text: "", errors: {} }, result));
  }

  function pump() {
    if (sending || !queue.length) { return; }
    var next = queue.shift();
    sending = next.data.id;
    if (!qt.setProps(next.store, { data: next.data })) {
      finish(next.data.id, { text: "The page was left; nothing was changed." });
      release(next.data.id);
      return;
    }
    window.setTimeout(function () { release(next.data.id); }, REPLY_MS);
  }

  function release(id) {
    if (sending === id) { sending = null; pump(); }
  }

  qt.ask = function (store, request, done) {
    var id = newId();
    asks[id] = { done: done, check: request.action === "check", timer: window.setTimeout(function () {
      finish(id, { text: "No answer yet. Look at the values before you try again." });
    }, ANSWER_MS) };
    queue.push({ store: store, data: Object.assign({ id: id }, request) });
    pump();
    return id;
  };

  function look(id) {
    var answer = (qt.model.answers || {})[id];
    if (answer) { finish(id, { ok: answer[0], text: answer[1], value: answer[2] }); }
  }

  window.dash_clientside.qtAsk = {
    reply: function (reply) {
      var nothing = window.dash_clientside.no_update;
      if (!reply) { return nothing; }
      release(reply.id);   // also when the engine's answer overtook it
      if (!asks[reply.id]) { return nothing; }
      if (reply.text) {
        finish(reply.id, { text: reply.text, errors: reply.errors || {} });
      } else if (asks[reply.id].check) {
        finish(reply.id, { ok: true });
      } else {
        look(reply.id);
        [300, 1400].forEach(function (ms) { window.setTimeout(qt.kick, ms); });
      }
      return nothing;
    }
  };
  qt.onPart("answers", function (name, changed) { Object.keys(changed).forEach(look); });

  /* ---- notices ---- */
  var GLYPHS = { ok: "check-circle-fill", info: "info-circle-fill", error: "x-circle-fill" };

  function shelf() {
    var found = document.getElementById("qt-toasts");
    if (!found) {
      found = document.createElement("div");
      found.id = "qt-toasts";
      found.setAttribute("role", "status");
      found.setAttribute("aria-live", "polite");
      document.body.appendChild(found);
    }
    return found;
  }

  function element(tag, cls, text) {
    var made = document.createElement(tag);
    made.className = cls;
    if (text) { made.textContent = text; }
    return made;
  }

  function button(cls, label, run) {
    var made = element("button", cls, label);
    made.type = "button";
    made.addEventListener("click", run);
    return made;
  }

  qt.toast = function (options) {
    var toast = element("div", "qt-toast"), words = element("div", "qt-toast-words");
    toast.dataset.kind = options.kind || "ok";
    toast.appendChild(element("i", "bi bi-" + (GLYPHS[toast.dataset.kind] || GLYPHS.ok)));
    words.append(element("b", "", options.title), element("span", "", options.text));
    toast.appendChild(words);
    var away = function () { toast.remove(); };
    if (options.action) {
      toast.appendChild(button("qt-toast-action", options.action.label, function () { away(); options.action.run(); }));
    }
    var close = button("qt-icon-button bi bi-x-lg", "", away);
    close.setAttribute("aria-label", "Close this notice");
    toast.appendChild(close);
    shelf().appendChild(toast);
    if (toast.dataset.kind === "error") { return; }
    var timer = window.setTimeout(away, TOAST_MS);
    toast.addEventListener("mouseenter", function () { window.clearTimeout(timer); });
    toast.addEventListener("focusin", function () { window.clearTimeout(timer); });
    toast.addEventListener("mouseleave", function () { timer = window.setTimeout(away, TOAST_MS); });
  };
})();
