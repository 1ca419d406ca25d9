/* The binder: elements say what they show, nothing else is needed to make a text live.
   data-qt="part.key"        text of the value
   data-qt-show="part.key"   shown only while the value is truthy ("!part.key": while it is not)
   data-qt-cells="part.key"  one small cell per letter (the gauge)
   data-qt-pct="part.key"    width in per cent
   data-qt-state="name"      a card: wears state.<name>
   data-qt-flash             beside data-qt: one soft flash when the text changes
   A value is a text or number, [text, tone, tooltip], {text, from|until, tone} with {age}/{left} counted here,
   {at, clock: "hm"|"hms", text} a market time, {sym, con, text} a text with a symbol's link. null = missing.
   Bound elements are leaves that Dash never renders again, so React and the binder do not meet. */
(function () {
  "use strict";
  var qt = window.qt;
  var index = new Map();      // "part" -> Set of [element, key, kind]
  var known = new WeakSet();
  var timed = new Set();      // elements whose text counts seconds
  var cards = new Map();      // card element -> state name
  var SELECTOR = "[data-qt],[data-qt-show],[data-qt-cells],[data-qt-pct],[data-qt-state],[data-qt-rows],[data-qt-heat]";
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");

  qt.bind = { kinds: {} };

  /* ---- one value ---- */
  var zoneFormats = {};
  function zoneFormat(style) {
    var clock = qt.get("strip.clock");
    var zone = clock ? clock[3] : "America/New_York";
    var key = zone + style;
    if (!zoneFormats[key]) {
      var options = { timeZone: zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit" };
      if (style === "hms") { options.second = "2-digit"; }
      if (style === "date") { options = { timeZone: zone, day: "numeric", month: "short", year: "numeric" }; }
      if (style === "zone") { options = { timeZone: zone, timeZoneName: "short" }; }
      zoneFormats[key] = new Intl.DateTimeFormat(style === "zone" ? "en-US" : "en-GB", options);
    }
    return zoneFormats[key];
  }
  qt.clock.text = function (market, style) {
    if (market === null || market === undefined) { return qt.fmt.MISSING; }
    var text = zoneFormat(style || "hms").format(market * 1000);
    return style === "date" ? text : text + twice(market, text, zoneFormat(style || "hms"));
  };
  /* " EST" where the clocks show this time twice */
  function twice(market, text, format) {
    var again = [-3600, 3600].some(function (by) { return format.format((market + by) * 1000) === text; });
    return again ? " " + qt.clock.zone(market) : "";
  }
  qt.clock.zone = function (market) {
    var parts = zoneFormat("zone").formatToParts(market * 1000);
    return parts.find(function (part) { return part.type === "timeZoneName"; }).value;
  };

  /* A symbol as it is read in rows; the year of an option is said when it is not that of the market's clock. */
  qt.nameOf = function (localSymbol) {
    return qt.fmt.named(localSymbol, new Date(qt.clock.market(qt.clock.now()) * 1000).getUTCFullYear());
  };

  function timedText(value) {
    var now = qt.clock.now();
    var text = value.text;
    if (value.from !== undefined && value.from !== null) { text = text.replace("{age}", qt.fmt.age(now - value.from)); }
    if (value.until !== undefined && value.until !== null) {
      var left = Math.ceil(value.until - now);
      text = left > 0 ? text.replace("{left}", qt.fmt.age(left).replace(".0 s", " s")) : text.replace("in {left}", "now");
    }
    return text;
  }

  function parsed(value) {
    if (value === null || value === undefined) { return { text: qt.fmt.MISSING, tone: "missing" }; }
    if (Array.isArray(value)) {
      var first = value[0] === null || value[0] === undefined ? qt.fmt.MISSING : String(value[0]);
      return { text: first, tone: value[1] || "", title: value[2] || "" };
    }
    if (typeof value !== "object") { return { text: String(value), tone: "" }; }
    if (value.clock) {
      var at = qt.clock.text(value.at, value.clock);
      return { text: value.text ? value.text.replace("{at}", at) : at, tone: value.tone || "" };
    }
    if (value.from !== undefined || value.until !== undefined) {
      return { text: timedText(value), tone: value.tone || "", counts: true, value: value };
    }
    return { text: value.text || value.sym || "", tone: value.tone || "", title: value.title || "", link: value };
  }

  function symbolNode(value) {
    var bold = document.createElement(value.con ? "a" : "b");
    bold.className = "qt-sym";
    bold.textContent = qt.nameOf(value.sym);
    bold.title = value.sym;
    if (value.con) { bold.href = "/symbol/" + encodeURIComponent(value.con); }
    return bold;
  }

  function fillLink(element, value) {
    var pieces = (value.text || "{sym}").split("{sym}");
    var nodes = [document.createTextNode(pieces[0])];
    if (pieces.length > 1) { nodes.push(symbolNode(value), document.createTextNode(pieces.slice(1).join("{sym}"))); }
    element.replaceChildren.apply(element, nodes);
  }

  /* Tone, tooltip and counting belong to the value shown: none of them outlives it. A tooltip of the page stays. */
  function wear(element, shown) {
    if ((element.dataset.tone || "") !== shown.tone) { element.dataset.tone = shown.tone; }
    var title = shown.title || (element.qtTitled ? "" : element.title);
    if (element.title !== title) { element.title = title; }
    element.qtTitled = !!shown.title;
    if (shown.counts) { element.qtValue = shown.value; timed.add(element); } else { timed.delete(element); }
  }

  qt.bind.fill = function (element, value) {
    var shown = parsed(value);
    if (shown.link && shown.link.sym) {
      var mark = JSON.stringify(value);
      if (element.qtMark !== mark) { element.qtMark = mark; fillLink(element, value); }
      wear(element, shown);
      return;
    }
    element.qtMark = null;
    if (element.textContent !== shown.text) {
      var flashes = element.hasAttribute("data-qt-flash") && element.textContent !== "";
      element.textContent = shown.text;
      if (flashes) { qt.bind.flash(element); }
    }
    wear(element, shown);
  };

  qt.bind.flash = function (element) {
    if (still.matches || document.hidden) { return; }
    var from = getComputedStyle(document.documentElement).getPropertyValue("--qt-line-normal-soft");
    element.animate([{ backgroundColor: from }, { backgroundColor: "transparent" }], { duration: 600, easing: "ease-out" });
  };

  /* ---- kinds of binding ---- */
  var kinds = qt.bind.kinds;
  kinds.text = function (element, value) { qt.bind.fill(element, value); };
  kinds.show = function (element, value) { element.hidden = !value; };
  kinds.hide = function (element, value) { element.hidden = !!value; };
  kinds.pct = function (element, value) { element.style.width = (value || 0) + "%"; };
  kinds.cells = function (element, value) {
    var letters = value || "";
    while (element.childElementCount < letters.length) { element.appendChild(document.createElement("i")); }
    while (element.childElementCount > letters.length) { element.lastElementChild.remove(); }
    for (var i = 0; i < letters.length; i += 1) {
      var cell = element.children[i];
      if (cell.dataset.c !== letters[i]) { cell.dataset.c = letters[i]; }
    }
  };

  function add(element, part, key, kind) {
    if (!index.has(part)) { index.set(part, new Set()); }
    index.get(part).add([element, key, kind]);
    var values = qt.model[part];
    if (values !== undefined || kind === "show" || kind === "hide") { kinds[kind](element, values && values[key]); }
  }

  function addPath(element, path, kind) {
    var dot = path.indexOf(".");
    add(element, path.slice(0, dot), path.slice(dot + 1), kind);
  }

  function adopt(element) {
    known.add(element);
    var d = element.dataset;
    if (d.qt) { addPath(element, d.qt, "text"); }
    if (d.qtShow) { addPath(element, d.qtShow.replace("!", ""), d.qtShow[0] === "!" ? "hide" : "show"); }
    if (d.qtCells) { addPath(element, d.qtCells, "cells"); }
    if (d.qtPct) { addPath(element, d.qtPct, "pct"); }
    if (d.qtState) { cards.set(element, d.qtState); drawState(element, d.qtState); }
    if (d.qtRows) { qt.rows.adopt(element); }
    if (d.qtHeat) { qt.heat.adopt(element); }
  }

  qt.bind.scan = function () {
    document.querySelectorAll(SELECTOR).forEach(function (element) { if (!known.has(element)) { adopt(element); } });
  };

  function prune() {
    index.forEach(function (entries) {
      entries.forEach(function (entry) { if (!entry[0].isConnected) { entries.delete(entry); } });
    });
    cards.forEach(function (_name, card) { if (!card.isConnected) { cards.delete(card); } });
    timed.forEach(function (element) { if (!element.isConnected) { timed.delete(element); } });
  }

  /* A part changed: the elements of its changed keys, and the cards if it is the states. */
  qt.bind.part = function (part, changed, removed) {
    var entries = index.get(part);
    if (entries) {
      entries.forEach(function (entry) {
        if (entry[1] in changed) { kinds[entry[2]](entry[0], changed[entry[1]]); }
        else if (removed.indexOf(entry[1]) >= 0) { kinds[entry[2]](entry[0], null); }
      });
    }
    if (part === "state") { cards.forEach(function (name, card) { drawState(card, name); }); }
  };

  /* ---- the five states of a card ---- */
  function words(card, selector, text) {
    var element = card.querySelector(selector);
    if (element && element.textContent !== text) { element.textContent = text; }
  }

  /* qt.waits: fn(card) is true while what the card shows is not drawn yet, whatever is known of it. */
  qt.waits = [];
  var LIVE_S = 60, SOON_S = 8, HAS_DATA = ["live", "marked", "stale"];   // LIVE_S: as app/rows/states.py; SOON_S: a poll would have said so

  /* Ticks have stopped: nothing may come that says so. */
  qt.freshness = function (value) {
    var old = value.s === "live" && value.from !== undefined && qt.clock.now() - value.from > LIVE_S + SOON_S;
    return old ? { s: "stale", since: value.from, text: "No tick for more than a minute. Last values." } : value;
  };

  /* A plot that was drawn while its card had no height has Plotly's own: it is fitted when it is seen, and looked at
     again, for a drawing that was under way then may come after. */
  function fitPlots(card) {
    [50, 400, 1500, 4000].forEach(function (ms) {
      window.setTimeout(function () {
        card.querySelectorAll(".js-plotly-plot").forEach(function (gd) {
          var tall = gd._fullLayout && gd._fullLayout.autosize && gd.clientHeight;
          if (tall && Math.abs(gd._fullLayout.height - tall) > 2) { window.Plotly.Plots.resize(gd); }
        });
      }, ms);
    });
  }

  function drawState(card, name) {
    var value = qt.freshness((qt.model.state || {})[name] || { s: "loading" });
    var trouble = qt.clock.trouble() || (qt.pulse.failing ? "server" : null), shown = HAS_DATA.indexOf(value.s) >= 0;
    var waits = shown && qt.waits.some(function (fn) { return fn(card); });
    var state = waits ? "loading" : trouble && shown ? "stale" : value.s;
    if (card.dataset.state !== state) {
      var hidden = shown && !waits && HAS_DATA.indexOf(card.dataset.state) < 0;
      card.dataset.state = state;
      if (hidden) { fitPlots(card); }
    }
    words(card, ".qt-age", ageWords(state, value, trouble));
    if (value.s === "empty" || value.s === "error") {
      words(card, ".qt-panel-title", value.title || "");
      words(card, ".qt-panel-text", value.text || "");
      var bar = card.querySelector(".qt-panel-done");
      if (bar) { bar.hidden = value.done === undefined; bar.firstElementChild.style.width = (value.done || 0) + "%"; }
      words(card, ".qt-panel-next", value.until ? timedText({ text: "next try in {left}", until: value.until }) : "");
    }
    var pill = card.querySelector(".qt-age"), why = state === "marked" || state === "live" ? value.text || "" : "";
    if (pill && pill.title !== why) { pill.title = why; }
    if (state === "stale") {
      words(card, ".qt-stale-note", trouble ? "The engine is silent. Last values." : value.text || "Last values.");
    }
  }

  function ageWords(state, value, trouble) {
    if (state === "loading") { return "loading"; }
    if (state === "error") { return "error"; }
    if (state === "empty") { return ""; }   // nothing is shown: nothing has an age
    if (state === "stale") {
      var age = trouble ? qt.clock.dataAge() : qt.clock.now() - (value.since || qt.clock.now());
      return "stale · " + qt.fmt.age(Math.round(age)).replace(".0 s", " s");
    }
    return qt.freshWords(value);
  }

  /* "live · 0.4 s", "2 of 3 live · 4 s", "simulated live · 0.4 s", "current · 0.4 s", "delayed" */
  qt.freshWords = function (value) {
    var word = value.word || "live", count = value.of ? value.of[0] + " of " + value.of[1] + " " : "";
    if (value.s === "marked") { return word; }
    var age = qt.freshAge(value);
    return count + word + (age === null ? "" : " · " + qt.fmt.age(age));
  };
  /* Of the oldest price that claims to be live; of the engine's own word where there is none. */
  qt.freshAge = function (value) {
    var beat = qt.clock.dataAge();
    if (value.from === undefined) { return beat; }
    return Math.max(0, beat || 0, qt.clock.now() - value.from);
  };

  /* ---- what counts seconds; called twice a second and after each delta ---- */
  qt.bind.tick = function () {
    timed.forEach(function (element) {
      var shown = parsed(element.qtValue);
      if (element.textContent !== shown.text) { element.textContent = shown.text; }
    });
    cards.forEach(function (name, card) { drawState(card, name); });
  };

  var FOREIGN = ".js-plotly-plot, .ag-root-wrapper, [data-qt-rows], [data-qt-heat], [data-qt-changes], [data-qt-curves], " +
    "[data-qt-tiles], [data-qt-day], [data-qt-cover-legend], .qt-tile-tip, .qt-pick-list, .qt-said, .qt-why-said";
  function bringsElements(record) {
    if (!record.addedNodes.length || record.target.closest(FOREIGN)) { return false; }
    return Array.prototype.some.call(record.addedNodes, function (node) { return node.nodeType === 1; });
  }
  /* New pages arrive as new nodes; one scan a frame finds what they bind. */
  var pending = false;
  function later() {
    if (pending) { return; }
    pending = true;
    window.requestAnimationFrame(function () {
      pending = false;
      qt.bind.scan();
      qt.ready.forEach(function (fn) { fn(); });
    });
  }
  /* From one symbol's page to another's, elements may be the same ones: then only the page's mark changes. */
  new MutationObserver(function (records) {
    if (records.some(function (record) { return record.type === "attributes" || bringsElements(record); })) { later(); }
  }).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-qt-page"]
  });
  window.setInterval(prune, 30000);
  window.addEventListener("_dashprivate_pushstate", function () { window.setTimeout(prune, 1000); });
})();
