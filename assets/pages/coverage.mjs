/* Coverage of the universe: one tile a symbol, coloured by the age of its last visit, which is counted here.
   Parts: "names", "seen" and "coverage" (app/rows/coverage.py). A tile's sentence is asked for when it is looked at. */
(function () {
  "use strict";
  var qt = window.qt, fmt = qt.fmt;
  var LOOK_MS = 120, TOLD_MS = 4000;
  var WORDS = { "100": "100 Position", pinned: "Pinned", "50": "50 Top", "25": "25 Normal" };
  var KEYS = ["held", "visit", "1", "2", "3", "4", "5", "never"];
  var tiles = {}, order = [];          // con -> element; cons in the order of the grid
  var told = {}, waiting = null;       // con -> {visits, why, at}; timer of the next question
  var looked = null, asked = null;     // con under the pointer or the cursor; con of the why box

  function holder() { return document.querySelector("[data-qt-tiles]"); }
  function part(name) { return qt.model[name] || {}; }
  function setText(element, text) { if (element && element.textContent !== text) { element.textContent = text; } }

  /* ---- ages ---- */
  function age(con, now) {
    var value = part("seen")[con];
    return typeof value === "number" ? Math.max(0, now - part("coverage").base - value) : null;
  }

  function step(con, now) {
    var value = part("seen")[con];
    if (typeof value === "string") { return "held"; }
    if (Array.isArray(value)) { return "visit"; }
    var seconds = age(con, now);
    if (seconds === null) { return "never"; }
    return String(Math.min(5, 1 + Math.floor(seconds / part("coverage").unit)));
  }

  function label(key) {
    var unit = part("coverage").unit;
    if (key === "held") { return "streaming"; }
    if (key === "visit") { return "visiting"; }
    if (key === "never") { return "not yet"; }
    return key === "5" ? "> " + 4 * unit + " s" : "≤ " + Number(key) * unit + " s";
  }

  /* Seconds up to two minutes: "96 s", then "4 min". */
  function short(seconds) {
    return seconds < 119.5 ? Math.round(seconds) + " s" : fmt.age(Math.round(seconds)).replace(/ min.*/, " min");
  }

  function state(con, now) {
    var value = part("seen")[con];
    if (typeof value === "string") { return "streaming, held as " + (WORDS[value] || value); }
    if (Array.isArray(value)) {
      var kept = value[1] ? ", kept until the breakout is decided" : "";
      return "being visited for " + short(now - part("coverage").base - value[0]) + kept;
    }
    var seconds = age(con, now);
    if (seconds === null) { return "not visited yet"; }
    var watched = (part("coverage").watched || []).indexOf(Number(con)) >= 0;
    return (watched ? "running signal, watched, " : "last visit ") + short(seconds) + " ago";
  }

  /* ---- tiles ---- */
  function tile(con) {
    var element = document.createElement("i");
    element.id = "qt-tile-" + con;
    element.dataset.con = con;
    element.setAttribute("role", "option");
    element.setAttribute("aria-label", part("names")[con]);
    return element;
  }

  function build() {
    var box = holder(), names = part("names");
    if (!box) { return; }
    if (box.dataset.ready !== "1") { box.dataset.ready = "1"; tiles = {}; looked = null; asked = null; }
    order = Object.keys(names).sort(function (a, b) { return names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : a - b; });
    var kept = {};
    order.forEach(function (con) { kept[con] = tiles[con] || tile(con); });
    tiles = kept;
    box.style.setProperty("--qt-cols", Math.max(25, Math.ceil(Math.sqrt(order.length * 1.25))));
    box.dataset.many = order.length > 600 ? "1" : "";
    box.replaceChildren.apply(box, order.map(function (con) { return tiles[con]; }));
    paint();
  }

  function paint() {
    var box = holder();
    if (!box || !order.length) { return; }
    var now = qt.clock.now(), counts = {}, ages = [];
    order.forEach(function (con) {
      var key = step(con, now), element = tiles[con], seconds = age(con, now);
      if (element.dataset.s !== key) { element.dataset.s = key; }
      counts[key] = (counts[key] || 0) + 1;
      if (seconds !== null) { ages.push(seconds); }
    });
    paintLegend(counts);
    paintAges(box, counts, ages);
    paintTip(now);
    paintWhy(now);
  }

  function paintLegend(counts) {
    var legend = document.querySelector("[data-qt-cover-legend]");
    if (!legend) { return; }
    if (!legend.firstChild) {
      KEYS.forEach(function (key) {
        var entry = document.createElement("span"), words = document.createElement("span"), number = document.createElement("span");
        entry.className = "qt-key";
        entry.dataset.key = key;
        entry.appendChild(document.createElement("i")).dataset.s = key;
        number.className = "qt-strong";
        entry.append(words, number);
        legend.appendChild(entry);
      });
    }
    Array.prototype.forEach.call(legend.children, function (entry) {
      setText(entry.children[1], label(entry.dataset.key) + " ");
      setText(entry.children[2], String(counts[entry.dataset.key] || 0));
      var idle = entry.dataset.key === "never" && !counts.never;
      if (entry.hidden !== idle) { entry.hidden = idle; }
    });
  }

  function paintAges(box, counts, ages) {
    var head = document.querySelector(".qt-cover-ages"), words = "";
    ages.sort(function (a, b) { return a - b; });
    if (ages.length) {
      words = "median " + short(ages[Math.floor((ages.length - 1) / 2)]) + " · slowest " + short(ages[ages.length - 1]);
    }
    setText(head, words);
    var told_ = KEYS.filter(function (key) { return counts[key]; }).map(function (key) { return counts[key] + " " + label(key); });
    box.setAttribute("aria-label", "Last visit of " + order.length + " symbols: " + told_.join(", ") + (words ? "; " + words : ""));
  }

  /* ---- one symbol: the tip over its tile, the sentence in the why box ---- */
  function tipOf() { return document.querySelector(".qt-tile-tip"); }

  function sentence(con, now) {
    var more = told[con], count = more ? more.visits : null;
    var visits = count ? " · " + count + (count === 1 ? " visit" : " visits") + " today" : "";
    return [part("names")[con] || "", " " + state(con, now) + visits, more ? more.why : ""];
  }

  function fill(element, words) {
    if (!element.firstChild) { ["b", "span", "div"].forEach(function (tag) { element.appendChild(document.createElement(tag)); }); }
    words.forEach(function (text, i) { setText(element.children[i], text); });
  }

  function paintTip(now) {
    var tip = tipOf(), element = looked === null ? null : tiles[looked];
    if (!tip) { return; }
    if (!element) { tip.hidden = true; return; }
    if (told[looked]) { question(looked); }      // the sentence names an age too
    fill(tip, sentence(looked, now));
    tip.hidden = false;
    var frame = tip.parentElement.getBoundingClientRect(), at = element.getBoundingClientRect();
    var left = Math.min(Math.max(0, at.left - frame.left - tip.offsetWidth / 2), frame.width - tip.offsetWidth);
    var below = at.bottom - frame.top + 6, above = at.top - frame.top - tip.offsetHeight - 6;
    tip.style.left = Math.max(0, left) + "px";
    tip.style.top = (above > -40 ? above : below) + "px";
  }

  function paintWhy(now) {
    var said = document.querySelector(".qt-why-said");
    if (!said || asked === null) { return; }
    if (asked.con === null) { setText(said, asked.text); return; }
    var words = sentence(asked.con, now);
    if (!(asked.con in part("names"))) { words = [asked.sym, "", words[2]]; }
    if (told[asked.con]) { question(asked.con); }  // else the sentence stays while the symbol's lane goes on
    if (!said.firstElementChild) { said.replaceChildren(); }
    fill(said, words);
  }

  function laneOf(con) {
    var value = part("seen")[con];
    return Array.isArray(value) ? "visit" : typeof value === "string" ? "held" : "none";
  }

  function question(con) {
    var known = told[con];
    if (known && known.lane === laneOf(con) && performance.now() - known.at < TOLD_MS) { return; }
    qt.setProps("lines-told-ask", { data: Number(con) });
  }

  /* A name that no line visits may be known all the same: a filtered position, a symbol of a page. */
  function askBroadly(name, mine) {
    qt.ask("lines-request", { action: "why", text: name }, function (result) {
      var found = result.ok ? result.value : null;
      if (asked !== mine || !found || !found.sym) { return; }
      mine.text = [found.sym + " " + found.kind, found.filtered, found.filtered ? found.text : found.line].filter(Boolean).join(" · ");
      paintWhy(qt.clock.now());
    });
  }

  function look(con) {
    if (looked === con) { return; }
    if (looked !== null && tiles[looked]) { tiles[looked].removeAttribute("aria-selected"); }
    looked = con;
    window.clearTimeout(waiting);
    if (con !== null) {
      tiles[con].setAttribute("aria-selected", "true");
      waiting = window.setTimeout(function () { question(con); }, LOOK_MS);
    }
    paintTip(qt.clock.now());
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.qtCoverage = {
    told: function (answer) {
      if (answer) {
        told[answer.con] = { visits: answer.visits, why: answer.why, lane: laneOf(answer.con), at: performance.now() };
        if (tiles[answer.con]) { tiles[answer.con].setAttribute("aria-label", sentence(answer.con, qt.clock.now()).join(". ")); }
        paintTip(qt.clock.now());
        paintWhy(qt.clock.now());
      }
      return window.dash_clientside.no_update;
    }
  };

  qt.pick("lines-why", {
    pick: function (con, sym) {
      asked = { con: con, sym: sym };
      delete told[con];
      question(con);
      paintWhy(qt.clock.now());
    },
    look: function (name) {
      asked = { con: null, text: name.toUpperCase() + " is not in the universe of today: no position, watch-list or scan of the day names it, so no line visits it." };
      document.querySelector(".qt-why-said").replaceChildren();
      paintWhy(qt.clock.now());
      askBroadly(name, asked);
    }
  });

  /* ---- pointer and keys ---- */
  function conOf(event) {
    var element = event.target.closest && event.target.closest("[data-qt-tiles] > i");
    return element ? element.dataset.con : null;
  }
  document.addEventListener("mouseover", function (event) {
    var con = conOf(event);
    if (con !== null) { look(con); } else if (looked !== null && document.activeElement !== holder()) { look(null); }
  });
  /* A finger has no hover: the first touch shows the tile's story, the second one goes to the symbol. */
  var touched = null, onlyLook = false;
  document.addEventListener("pointerdown", function (event) {
    var con = conOf(event);
    onlyLook = con !== null && event.pointerType === "touch" && touched !== con;
    touched = con;
  });
  document.addEventListener("click", function (event) {
    var con = conOf(event);
    if (con === null) { return; }
    if (onlyLook) { look(con); } else { qt.go("/symbol/" + con); }
  });
  document.addEventListener("focusin", function (event) {
    if (event.target === holder() && order.length && looked === null) { move(0, 0); }
  });
  document.addEventListener("focusout", function (event) { if (event.target === holder()) { look(null); } });

  function move(from, by) {
    var box = holder(), at = Math.min(Math.max(0, from + by), order.length - 1);
    look(order[at]);
    box.setAttribute("aria-activedescendant", "qt-tile-" + order[at]);
  }

  document.addEventListener("keydown", function (event) {
    if (event.target !== holder() || !order.length) { return; }
    var columns = Number(holder().style.getPropertyValue("--qt-cols")), at = Math.max(0, order.indexOf(looked));
    var by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -order.length, End: order.length }[event.key];
    if (by !== undefined) { event.preventDefault(); move(at, by); }
    if (event.key === "Enter" && looked !== null) { qt.go("/symbol/" + looked); }
    if (event.key === "Escape") { look(null); }
  });

  /* ---- when ---- */
  var due = false;
  function later(fn) {
    if (due) { return; }
    due = true;
    window.requestAnimationFrame(function () { due = false; fn(); });
  }
  qt.onPart("names", function () { later(build); });
  qt.onPart("seen", function () { later(order.length ? paint : build); });
  qt.onNodes(function () {
    var box = holder();
    if (box && box.dataset.ready !== "1") { build(); }
  });
  window.setInterval(function () {
    if (!document.hidden && !document.body.hasAttribute("data-frozen")) { paint(); }
  }, 1000);
})();
