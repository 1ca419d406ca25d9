/* The preview: what today's signals would be under the values in the form, before they are applied.
   Asked for when the user first touches the form, on release of a slider, and 150 ms after the last move. One question is
   under way at a time; what moves meanwhile is asked for when its answer is there. */
(function () {
  "use strict";
  var qt = window.qt;
  var SETTLE_MS = 150, KICKS_MS = [120, 240, 400, 600, 900, 1400, 2200, 4000];
  var asked = null, wanted = null, mine = null, own = null, busy = false, timer = 0, said = "";

  function box() { return document.querySelector("[data-qt-preview]"); }
  function formOf(holder) { return document.querySelector("[data-qt-form='" + holder.dataset.qtPreview + "']"); }

  function changes(holder) {
    var out = {}, inForce = qt.model.set || {};
    formOf(holder).querySelectorAll(".qt-field[data-changed]").forEach(function (field) {
      var key = field.dataset.key;
      if (inForce[key]) { out[key] = qt.form.value(key); }
    });
    return out;
  }

  /* What the answer depends on: the draft and the values in force. */
  function mark(holder) {
    var inForce = qt.model.set || {}, values = Object.keys(inForce).map(function (key) { return inForce[key].v; });
    return JSON.stringify([changes(holder), values]);
  }

  function look() {
    var holder = box();
    if (!holder || wanted === null || mark(holder) === wanted) { return; }
    wanted = mark(holder);
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, SETTLE_MS);
  }

  function ask() {
    var holder = box();
    if (!holder || busy || asked === wanted) { return; }
    asked = wanted;
    busy = true;
    said = "";
    holder.setAttribute("aria-busy", "true");
    draw();
    mine = qt.ask(holder.dataset.previewRequest, { action: "preview", changes: changes(holder) }, answered);
    KICKS_MS.forEach(function (ms) { window.setTimeout(function () { if (busy) { qt.kick(); } }, ms); });
  }

  function answered(result) {
    busy = false;
    if (!result.ok) { said = result.text; }
    if (box()) { box().removeAttribute("aria-busy"); }
    draw();
    ask();
  }

  function begin() {
    var holder = box();
    if (!holder || wanted !== null) { return; }
    wanted = "";
    look();
  }

  document.addEventListener("pointerdown", function (event) { touch(event.target); });
  document.addEventListener("focusin", function (event) { touch(event.target); });
  document.addEventListener("change", function (event) { if (inForm(event.target)) { window.clearTimeout(timer); look(); ask(); } });
  function inForm(target) {
    var holder = box();
    return !!(holder && target.closest && formOf(holder) && formOf(holder).contains(target));
  }
  function touch(target) { if (inForm(target)) { begin(); } }

  /* ---- drawing ---- */
  function make(tag, cls, text) {
    var element = document.createElement(tag);
    if (cls) { element.className = cls; }
    if (text) { element.textContent = text; }
    return element;
  }
  function part(holder, name) { return holder.querySelector(".qt-preview-" + name); }

  function head(p) {
    var out = [make("b", "qt-preview-count", p.count), make("span", "", " " + p.word + ", "), make("span", "qt-soft", p.now), make("span", "qt-push")];
    if (p.new) { out.push(make("span", "qt-badge qt-badge-new", p.new)); }
    if (p.gone) { out.push(make("span", "qt-badge qt-badge-gone", p.gone)); }
    return out;
  }

  function row(cells, tag) {
    var line = make("tr");
    cells.forEach(function (text) { line.appendChild(make(tag, "num", text)); });
    return line;
  }

  function table(p) {
    var whole = make("table", "qt-table"), headline = make("thead"), body = make("tbody");
    whole.appendChild(make("caption", "visually-hidden", "Median move in ATR after the signals"));
    headline.appendChild(row(["after", "median ATR", "now", "old enough"], "th"));
    p.rows.forEach(function (cells) { body.appendChild(row(cells, "td")); });
    whole.append(headline, body);
    return whole;
  }

  function names(label, list) {
    if (!list.rows.length) { return []; }
    var out = [make("span", "qt-soft", label + " ")];
    list.rows.forEach(function (each) {
      var link = make("a", "qt-sym", each[1] + (each[2] > 1 ? " ×" + each[2] : ""));
      link.href = "/symbol/" + each[0];
      link.title = (each[2] > 1 ? "newest " : "") + qt.clock.text(each[3], "hm") + ", " + each[4];
      out.push(link, " ");
    });
    if (list.more) { out.push(make("span", "qt-soft", "and " + list.more + " more")); }
    return out;
  }

  function draw() {
    var holder = box(), newest = qt.model.preview || {};
    if (newest.id && newest.id === mine) { own = newest; }   // another tab's question does not take this answer away
    var p = own || {};
    if (!holder) { return; }
    var shown = wanted !== null && (said || busy || (p.id && p.id === mine));
    holder.hidden = !shown;
    if (said || (p.id === mine && p.ok === false)) { fail(holder, said || p.text); return; }
    if (!p.id || p.id !== mine) {
      if (busy && !part(holder, "head").firstChild) { part(holder, "median").textContent = "Working out today's signals …"; }
      return;
    }
    holder.removeAttribute("data-error");
    part(holder, "head").replaceChildren.apply(part(holder, "head"), head(p));
    part(holder, "median").textContent = p.median;
    part(holder, "table").replaceChildren(table(p));
    ["new", "gone"].forEach(function (name) {
      part(holder, name).replaceChildren.apply(part(holder, name), names(name === "new" ? "New" : "Gone", p[name + "_list"]));
    });
    part(holder, "basis").textContent = p.basis + (p.bars_to ? " Bars to " + qt.clock.text(p.bars_to, "hm") + "." : "");
  }

  function fail(holder, text) {
    holder.setAttribute("data-error", "1");
    ["head", "table", "new", "gone", "basis"].forEach(function (name) { part(holder, name).replaceChildren(); });
    part(holder, "median").textContent = text;
  }

  qt.form.onChange(look);
  qt.onPart("preview", draw);
  qt.onNodes(function () {
    var holder = box();
    if (holder && !holder.qtSeen) { holder.qtSeen = true; asked = wanted = mine = own = null; busy = false; said = ""; }
  });
})();
