/* The Lab page: source, days, symbols and ranges of a run; its charts are asked for when there is a new result.
   What was chosen stays while the program's page is open, whatever the poll brings. */
(function () {
  "use strict";
  var qt = window.qt, fmt = qt.fmt;
  var choice = { kind: "app", off: {}, symbols: "", vary: {}, least: "10" };   // off: days that are left out
  var drawn = null, said = "";

  function page() { return document.querySelector(".qt-lab"); }
  function find(name) { return document.querySelector("[data-lab-" + name + "]"); }
  function make(tag, cls, text) {
    var element = document.createElement(tag);
    if (cls) { element.className = cls; }
    if (text) { element.textContent = text; }
    return element;
  }
  function ask(request, done) { qt.ask(page().dataset.request, request, done); }
  function say(text) { said = text || ""; var place = find("said"); if (place) { place.hidden = !said; place.textContent = said; } }
  function folder() { var input = document.getElementById("lab-folder"); return input ? input.value.trim() : ""; }
  function lab() { return qt.model.lab || {}; }

  /* ---- source ---- */
  function look() {
    say("");
    ask({ action: "lab-look", kind: choice.kind, folder: folder() }, function (result) {
      if (!result.ok && result.text !== lab().problem) { say(result.text); }
    });
  }

  function drawKinds() {
    document.querySelectorAll("[data-lab-kind]").forEach(function (button) {
      button.setAttribute("aria-pressed", button.dataset.labKind === choice.kind ? "true" : "false");
    });
    var row = find("folder");
    if (row) { row.hidden = choice.kind !== "csv"; }
  }

  /* ---- days and symbols ---- */
  function drawDays() {
    var place = find("days"), days = lab().days || [], mark = days.join();
    if (!place || place.qtMark === mark) { return; }
    place.qtMark = mark;
    place.replaceChildren.apply(place, days.map(function (day) {
      var chip = make("button", "qt-preset", day.slice(5));
      chip.type = "button";
      chip.title = day;
      chip.dataset.labDay = day;
      chip.setAttribute("aria-pressed", choice.off[day] ? "false" : "true");
      return chip;
    }));
    if (lab().days_more) { place.append(make("span", "qt-soft", lab().days_more + " older days are not offered")); }
  }

  function drawSymbols() {
    var place = find("symbols"), names = lab().symbols || [];
    if (!place) { return; }
    if (!place.firstChild) {
      var label = make("label", "", "Symbols "), input = make("input", "qt-input");
      input.type = "text";
      input.value = choice.symbols;
      input.id = "qt-lab-symbols";
      label.htmlFor = input.id;
      input.addEventListener("input", function () { choice.symbols = input.value; });
      place.append(label, input);
    }
    var known = names.join(", ") + (lab().symbols_more ? " and " + lab().symbols_more + " more" : "");
    var hint = names.length ? "all: " + known : "all";
    place.lastChild.placeholder = hint;
    place.lastChild.title = names.length ? "Recorded: " + known : "";
  }

  /* ---- ranges ---- */
  function state(v) {
    if (!choice.vary[v.name]) {
      choice.vary[v.name] = { on: v.is_on, start: plain(v.start), end: plain(v.end), count: String(v.steps) };
    }
    return choice.vary[v.name];
  }

  function plain(value) { return value >= 1e4 ? fmt.number(value, 0) : String(value); }

  function numberBox(v, key, label) {
    var input = make("input", "qt-input qt-input-num");
    input.type = "text";
    input.inputMode = "decimal";
    input.value = state(v)[key];
    if (v.high >= 1e6 && key !== "count") { input.classList.add("qt-input-long"); }
    input.setAttribute("aria-label", v.label + ", " + label);
    input.addEventListener("input", function () {
      state(v)[key] = input.value;
      state(v).on = true;
      input.closest("tr").querySelector("input[type=checkbox]").checked = true;
      drawCount();
    });
    return input;
  }

  function varyRow(v) {
    var row = make("tr"), box = make("input"), name = make("td"), label = make("label", "", v.label);
    box.type = "checkbox";
    box.checked = state(v).on;
    box.id = "qt-vary-" + v.name;
    box.setAttribute("aria-label", "Vary " + v.label);
    label.htmlFor = box.id;
    box.addEventListener("change", function () { state(v).on = box.checked; drawCount(); });
    name.append(box, label, make("span", "qt-unit", v.high < 1e6 ? v.unit : ""));
    label.title = v.unit;
    row.append(name, make("td", "num qt-soft"));
    row.lastChild.dataset.labForce = v.name;
    [["start", "from"], ["end", "to"], ["count", "values"]].forEach(function (pair) {
      row.appendChild(make("td", "num")).append(numberBox(v, pair[0], pair[1]));
    });
    return row;
  }

  function drawVary() {
    var place = find("vary"), vary = qt.model.vary;
    if (!place || !vary) { return; }
    if (!place.firstChild) {
      var table = make("table", "qt-table"), head = make("tr"), body = make("tbody");
      table.append(make("caption", "visually-hidden", "Thresholds that vary"));
      ["Vary", "in force", "from", "to", "values"].forEach(function (text, i) { head.append(make("th", i ? "num" : "", text)); });
      Object.keys(vary).sort(function (a, b) { return vary[a].order - vary[b].order; }).forEach(function (name) { body.append(varyRow(vary[name])); });
      table.append(make("thead"), body);
      table.tHead.append(head);
      place.append(table, leastRow());
    }
    place.querySelectorAll("[data-lab-force]").forEach(function (cell) {
      var set = (qt.model.set || {})["breakout." + cell.dataset.labForce], value = set ? set.v : null;
      var text = typeof value === "number" ? fmt.number(value, value % 1 ? String(value).split(".")[1].length : 0) : fmt.MISSING;
      if (cell.textContent !== text) { cell.textContent = text; }
    });
    drawCount();
  }

  function leastRow() {
    var row = make("div", "qt-lab-least"), label = make("label", "", "Rank sets with at least"), input = make("input", "qt-input qt-input-num");
    input.type = "text";
    input.inputMode = "numeric";
    input.id = "qt-lab-least";
    input.value = choice.least;
    label.htmlFor = input.id;
    input.addEventListener("input", function () { choice.least = input.value; });
    row.append(label, input, make("span", "qt-soft", "signals that are 30 min old"));
    return row;
  }

  function ranges() {
    var vary = qt.model.vary || {};
    return Object.keys(vary).filter(function (name) { return state(vary[name]).on; })
      .sort(function (a, b) { return vary[a].order - vary[b].order; })
      .map(function (name) {
        var s = state(vary[name]);
        return { name: name, start: Number(s.start.replace(/,/g, "")), end: Number(s.end.replace(/,/g, "")), count: Number(s.count) };
      });
  }

  function drawCount() {
    var place = find("count"), running = !!lab().running, chosen = ranges();
    if (!place) { return; }
    var product = chosen.reduce(function (sum, each) { return sum * each.count; }, 1);
    var words = chosen.length ? (Number.isFinite(product) ? fmt.number(product, 0) : fmt.MISSING) + " sets" : "the thresholds in force alone";
    place.textContent = running ? "" : words;
    document.querySelector("[data-lab-do=run]").disabled = running || !(lab().days || []).length;
    document.querySelector("[data-lab-do=cancel]").hidden = !running;
  }

  /* ---- run ---- */
  function days() {
    var all = lab().days || [], left = all.filter(function (day) { return !choice.off[day]; });
    return left.length === all.length && !lab().days_more ? [] : left;
  }

  function run() {
    var names = choice.symbols.split(/[,;]+/).map(function (name) { return name.trim(); }).filter(Boolean);
    say("");
    if ((lab().days || []).every(function (day) { return choice.off[day]; })) { say("Choose at least one day."); return; }
    var request = { action: "lab-run", kind: lab().kind, folder: lab().kind === "csv" ? lab().folder : "", symbols: names, days: days(),
      ranges: ranges(), least: Number(choice.least) };
    ask(request, function (result) { if (!result.ok) { say(result.text); } });
    [300, 700, 1200].forEach(function (ms) { window.setTimeout(qt.kick, ms); });
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest && event.target.closest("[data-lab-do],[data-lab-kind],[data-lab-day]");
    if (!target || !page()) { return; }
    if (target.dataset.labKind) {
      choice.kind = target.dataset.labKind;
      drawKinds();
      if (choice.kind === "app" || folder()) { look(); }
    } else if (target.dataset.labDay) {
      var day = target.dataset.labDay;
      choice.off[day] = !choice.off[day];
      target.setAttribute("aria-pressed", choice.off[day] ? "false" : "true");
    } else if (target.dataset.labDo === "look") {
      look();
    } else if (target.dataset.labDo === "run") {
      run();
    } else {
      ask({ action: "lab-cancel" }, function (result) { if (!result.ok) { say(result.text); } });
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && event.target.id === "lab-folder") { look(); }
  });

  /* ---- result ---- */
  function drawNotes() {
    var place = find("notes"), notes = (qt.model.labresult || {}).notes || [];
    if (!place || place.qtMark === notes.join("|")) { return; }
    place.qtMark = notes.join("|");
    place.replaceChildren.apply(place, notes.map(function (text) { return make("li", "", text); }));
  }

  function fresh() {
    var id = (qt.model.labresult || {}).id || null;
    if (!page() || id === drawn) { return; }
    drawn = id;
    /* Not from within the page's own rendering: the charts may not be there yet. */
    window.setTimeout(function () { if (page() && drawn === id && !qt.setProps("lab-fresh", { data: id })) { drawn = null; } }, 100);
  }

  function drawAll() { drawKinds(); drawDays(); drawSymbols(); drawVary(); drawNotes(); fresh(); say(said); }
  qt.onPart("lab", function (name) { if (page() && !name) { drawDays(); drawSymbols(); drawCount(); } });
  qt.onPart("labresult", function () { drawNotes(); fresh(); });
  qt.onPart("vary", drawVary);
  qt.onPart("set", drawVary);
  qt.onNodes(function () {
    var holder = page();
    if (!holder || holder.qtSeen || !find("vary")) { return; }
    holder.qtSeen = true;
    drawn = null;
    said = "";
    if (lab().kind) { choice.kind = lab().kind; }
    drawAll();
    window.setTimeout(function () {
      if (page() && !lab().kind && choice.kind === "app") { look(); }
      if (page() && lab().kind === "csv" && !folder()) { qt.setProps("lab-folder", { value: lab().folder }); }
    }, 600);
  });

  /* ---- cells of the signals ---- */
  function el() { return window.React.createElement.apply(window.React, arguments); }
  var draw = {
    at: function (value) { return qt.clock.text(value, "hm"); },
    side: function (value) { return value === "short" ? fmt.DOWN + " short" : fmt.UP + " long"; },
    score: function (value) { return fmt.number(value, 2); },
    rv: function (value) { return fmt.times(value); },
    plain: function (value) { return fmt.signed(value, 2); },
    move: function (value) { return el("span", { "data-tone": fmt.tone(value, 2) }, fmt.signed(value, 2)); }
  };
  window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  window.dashAgGridComponentFunctions.QtLabCell = function (props) { return draw[props.kind](props.value); };
})();
