/* The frame: the second's tick, keyboard, freeze, the visibility gate, going to pages, find, bell, reload bar. */
(function () {
  "use strict";
  var qt = window.qt;
  var frozenAt = null;

  function byId(id) { return document.getElementById(id); }
  var setProps = qt.setProps;

  /* ---- twice a second: ages, clocks, trouble ---- */
  function text(id, value) { var e = byId(id); if (e && e.textContent !== value) { e.textContent = value; } }

  function drawAge() {
    var beat = qt.clock.dataAge(), element = byId("shell-age");
    if (!element) { return; }
    /* as the card of the positions says: the oldest price that claims to be live, or what the prices are instead */
    var fresh = qt.freshness(qt.get("strip.fresh") || {}), since = fresh.s === "stale" && fresh.since;
    var age = since ? Math.max(beat || 0, qt.clock.now() - since) : qt.freshAge(fresh);
    var value = age === null ? qt.fmt.MISSING : fresh.s === "marked" ? fresh.word : qt.fmt.age(age);
    if (element.textContent !== value) { element.textContent = value; }
    var level = beat === null ? "none" : beat > 15 ? "dead" : beat > 6 || since ? "late" :
      fresh.s === "marked" ? "none" : "fresh";
    if (element.dataset.level !== level) { element.dataset.level = level; }
  }

  function drawClock() {
    var wall = qt.clock.now(), market = qt.clock.market(wall), local = new Date();
    var clock = qt.get("strip.clock") ? qt.clock.text(market, "hms") : qt.fmt.MISSING, zone = byId("shell-zone");
    text("shell-clock", clock);
    if (zone) { zone.hidden = clock.indexOf(" ") > 0; }   /* a time that comes twice names its own */
    text("shell-clock-date", qt.get("strip.own_clock") ? " · " + qt.clock.text(market, "date") : "");
    text("shell-local", ("0" + local.getHours()).slice(-2) + ":" + ("0" + local.getMinutes()).slice(-2) + " local");
  }

  function drawTrouble() {
    var trouble = qt.clock.trouble(), body = document.body;
    var silent = qt.pulse.failing;
    var mark = silent ? "server" : trouble || "";
    if ((body.dataset.trouble || "") !== mark) {
      if (mark) { body.dataset.trouble = mark; } else { delete body.dataset.trouble; }
    }
    var note = byId("shell-trouble");
    if (!note) { return; }
    var words = silent ? "The server is not answering. What you see is " + qt.fmt.age(qt.clock.dataAge()) + " old." :
      trouble ? "The engine has been silent for " + qt.fmt.age(Math.round(qt.clock.dataAge())).replace(".0 s", " s") +
      ". What you see is its last word." : "";
    note.hidden = !words;
    if (note.textContent !== words) { note.textContent = words; }
  }

  qt.tick = function () {
    qt.bind.tick();
    drawAge();
    drawClock();
    drawTrouble();
    checkBuild();
  };
  window.setInterval(function () { if (!document.hidden) { qt.tick(); } }, 500);
  window.setInterval(function () { if (!document.hidden && !frozenAt) { qt.gridTick(); } }, 1000);

  /* ---- poll gate: hidden or frozen = no poll; shown again = one at once ---- */
  function gate() {
    var closed = document.hidden || frozenAt !== null;
    setProps("shell-poll", { max_intervals: closed ? 0 : -1 });
    if (!closed) { qt.kick(); }
  }
  qt.kick = function () { setProps("shell-kick", { data: Date.now() }); };
  document.addEventListener("visibilitychange", gate);

  /* qt.see(page, parts): the parts on demand (app/feed.py) that are in sight from now on; those not here yet come at once. */
  var seen = null;
  qt.see = function (page, parts) {
    var text = [page].concat(parts).join(" ");
    if (text === seen || !setProps("shell-sight", { data: text })) { return; }
    seen = text;
    if (qt.model.strip && parts.some(function (part) { return !qt.model[part]; })) { qt.kick(); }
  };

  /* A poll that failed may have left the interval switched off: ask again until the server answers. */
  window.setInterval(function () {
    var quiet = document.hidden || frozenAt !== null || qt.pulse.open > 0;
    if (!quiet && (qt.pulse.failing || performance.now() - qt.pulse.perf > 7000)) {
      setProps("shell-poll", { disabled: false });
      qt.kick();
    }
  }, 2500);

  qt.freeze = function () {
    frozenAt = frozenAt === null ? qt.clock.market(qt.clock.now()) : null;
    document.body.toggleAttribute("data-frozen", frozenAt !== null);
    var button = byId("shell-freeze");
    if (button) {
      button.setAttribute("aria-pressed", frozenAt !== null ? "true" : "false");
      button.title = frozenAt !== null ? "Go on (f)" : "Hold the screen (f)";
    }
    var note = byId("shell-frozen");
    if (note) {
      note.hidden = frozenAt === null;
      note.textContent = frozenAt === null ? "" : "Frozen at " + qt.clock.text(frozenAt, "hms") + ". Press f to go on.";
    }
    gate();
  };

  /* ---- going to pages without loading the document again ---- */
  qt.go = function (path) {
    if (path === window.location.pathname) { return; }
    window.history.pushState({}, "", path);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  };
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href^='/']");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    closeMenus();
    qt.go(link.getAttribute("href"));
  });
  document.addEventListener("click", function (event) {
    var cell = event.target.closest && event.target.closest("td[data-con]");
    if (cell) { qt.go("/symbol/" + cell.dataset.con); }
  });

  function markNav() {
    var path = window.location.pathname;
    document.querySelectorAll("[data-nav]").forEach(function (link) {
      var here = link.dataset.nav === "/" ? path === "/" : path.indexOf(link.dataset.nav) === 0;
      if (here) { link.setAttribute("aria-current", "page"); } else { link.removeAttribute("aria-current"); }
    });
  }
  qt.onNodes(markNav);
  window.addEventListener("popstate", markNav);
  window.addEventListener("_dashprivate_pushstate", function () { window.setTimeout(markNav, 0); });

  /* ---- menus: bell, keys, more ---- */
  function toggle(id, open) {
    var menu = byId(id);
    if (!menu) { return; }
    var show = open === undefined ? menu.hidden : open;
    if (show) { closeMenus(id); }
    menu.hidden = !show;
    document.querySelectorAll("[data-menu='" + id + "']").forEach(function (button) {
      button.setAttribute("aria-expanded", show ? "true" : "false");
    });
    if (show && menu.getAttribute("role") === "dialog") { menu.focus(); }
  }
  function closeMenus(but) {
    document.querySelectorAll(".qt-menu:not([hidden])").forEach(function (menu) { if (menu.id !== but) { toggle(menu.id, false); } });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-menu]");
    if (button) { toggle(button.dataset.menu); return; }
    if (!event.target.closest || !event.target.closest(".qt-menu")) { closeMenus(); }
    if (event.target.closest && event.target.closest("#shell-freeze")) { qt.freeze(); }
    if (event.target.closest && event.target.closest("[data-close]")) { closeMenus(); }
  });

  /* ---- find a symbol ---- */
  function findBox() { return byId("shell-find"); }
  function options() { return document.querySelectorAll("#shell-find-list [role=option]"); }
  function choose(step) {
    var list = Array.prototype.slice.call(options());
    if (!list.length) { return; }
    var now = list.findIndex(function (item) { return item.getAttribute("aria-selected") === "true"; });
    var next = (now + step + list.length) % list.length;
    list.forEach(function (item, i) { item.setAttribute("aria-selected", i === next ? "true" : "false"); });
    list[next].scrollIntoView({ block: "nearest" });
  }
  function findKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      var list = Array.prototype.slice.call(options());
      var picked = list.find(function (item) { return item.getAttribute("aria-selected") === "true"; }) || list[0];
      var typed = findBox().value.trim();
      leaveFind();
      if (picked) { qt.go(picked.getAttribute("href")); } else if (typed) { qt.go("/symbol/" + encodeURIComponent(typed)); }
    } else if (event.key === "Escape") {
      leaveFind();
    }
  }
  function leaveFind() {
    setProps("shell-find", { value: "" });
    setProps("shell-find-list", { children: [] });
    findBox().blur();
  }
  document.addEventListener("focusout", function (event) {
    if (event.target.id === "shell-find") {
      window.setTimeout(function () { if (document.activeElement !== findBox()) { setProps("shell-find-list", { children: [] }); } }, 200);
    }
  });

  /* ---- keys ---- */
  var GO = { o: "/", p: "/positions", s: "/scanners", l: "/lines", b: "/lab", h: "/health", e: "/settings", y: "/symbol" };
  var afterG = 0;
  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(radio|checkbox|button)$/.test(target.type);
  }
  document.addEventListener("keydown", function (event) {
    if (event.target.id === "shell-find") { findKey(event); return; }
    if (event.key === "Escape") { closeMenus(); return; }
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) { return; }
    var now = performance.now();
    if (event.key === "/") { event.preventDefault(); findBox().focus(); return; }
    if (afterG && now - afterG < 1500 && GO[event.key]) { afterG = 0; qt.go(GO[event.key]); return; }
    if (event.key === "g") { afterG = now; return; }
    if (event.key === "?") { toggle("shell-keys"); return; }
    if (event.key === "f") { qt.freeze(); }
  });

  /* ---- another build behind the same address ---- */
  function checkBuild() {
    var mine = byId("shell-root");
    if (!mine || !qt.pulse.build || qt.pulse.build === mine.dataset.build) { return; }
    qt.reloadNeeded("QTrade was restarted with another build.");
  }
  qt.reloadNeeded = function (reason) {
    var key = "qt-reloaded-" + qt.pulse.build;
    if (!window.sessionStorage.getItem(key)) {
      window.sessionStorage.setItem(key, "1");
      window.location.reload();
      return;
    }
    var bar = byId("shell-reload");
    if (bar) { bar.hidden = false; text("shell-reload-text", reason + " Reload the page."); }
  };
  document.addEventListener("click", function (event) {
    if (event.target.id === "shell-reload-now") { window.location.reload(); }
  });
})();
