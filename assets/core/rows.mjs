/* Light tables, lists and heat cells: keyed rows whose cells are filled in place, never rebuilt.
   <tbody data-qt-rows="signals"> in a <table> whose <th data-col="key" data-as="text|bars|icon|prose"> say the columns;
   the part is "rows:signals": {id: {order, key: value}}. data-qt-most limits the rows shown.
   <tbody data-qt-heat="top" data-factors="change:Change %|..."> with the part "heat:top". */
(function () {
  "use strict";
  var qt = window.qt;
  var tables = new Map();   // name -> Set of tbody
  qt.rows = {};
  qt.heat = {};

  function columns(body) {
    var heads = body.closest("table").querySelectorAll("th[data-col]");
    return Array.prototype.map.call(heads, function (th) {
      return { key: th.dataset.col, as: th.dataset.as || "text", cls: th.className };
    });
  }

  var painters = {
    text: function (cell, value) { qt.bind.fill(cell, value); },
    icon: function (cell, value) {
      if (!cell.firstChild) { cell.appendChild(document.createElement("i")); }
      var icon = cell.firstChild;
      icon.className = "qt-icon bi bi-" + (ICONS[value && value[0]] || "dot");
      icon.dataset.tone = (value && value[1]) || "";
      icon.setAttribute("aria-label", (value && value[0]) || "");
      icon.setAttribute("role", "img");
    },
    /* {score, bars: [distance %, volume %]}, or any other value as text without bars */
    score: function (cell, value) {
      if (!cell.firstChild) {
        var pair = document.createElement("span");
        pair.className = "qt-bars";
        pair.append(document.createElement("i"), document.createElement("i"));
        cell.append(document.createElement("span"), pair);
      }
      var bars = cell.children[1], scored = !!value && value.bars !== undefined;
      qt.bind.fill(cell.children[0], scored ? value.score : value);
      bars.hidden = !scored;
      if (scored) { bars.children[0].style.width = value.bars[0] + "%"; bars.children[1].style.width = value.bars[1] + "%"; }
    }
  };
  painters.prose = painters.text;
  var ICONS = {
    signal: "lightning-charge", ended: "arrow-return-left", refused: "slash-circle", fill: "arrow-left-right",
    info: "info-circle", warning: "exclamation-triangle", error: "x-circle", enter: "arrow-right", leave: "arrow-left",
    pass: "check-lg", fail: "x-lg", unknown: "question-lg", up: "triangle-fill", down: "caret-down-fill", ring: "circle",
    held: "briefcase"
  };
  qt.rows.painters = painters;   // pages add their own kinds of cell

  function newRow(body, id, cols) {
    var row = document.createElement("tr");
    row.dataset.id = id;
    cols.forEach(function (col) {
      var cell = document.createElement("td");
      cell.className = col.cls;
      row.appendChild(cell);
    });
    return row;
  }

  function paint(row, cols, values) {
    row.qtOrder = values.order || 0;
    cols.forEach(function (col, i) { (painters[col.as] || painters.text)(row.children[i], values[col.key]); });
  }

  function sortRows(body) {
    var rows = Array.prototype.slice.call(body.children);
    var sorted = rows.slice().sort(function (a, b) { return a.qtOrder - b.qtOrder; });
    if (body.matches(":hover") && rows.length > 1) { sorted = rows; }   // rows do not change places under the pointer
    if (sorted.some(function (row, i) { return row !== rows[i]; })) { body.append.apply(body, sorted); }
    var most = Number(body.dataset.qtMost || 1e9);
    sorted.forEach(function (row, i) { if (row.hidden !== i >= most) { row.hidden = i >= most; } });
  }

  function draw(body, ids) {
    var values = qt.model["rows:" + body.dataset.qtRows] || {};
    var cols = body.qtCols;
    ids.forEach(function (id) {
      var row = body.qtIds[id];
      if (!values[id]) {
        if (row) { row.remove(); delete body.qtIds[id]; }
        return;
      }
      if (!row) { row = body.qtIds[id] = newRow(body, id, cols); body.appendChild(row); }
      paint(row, cols, values[id]);
    });
    sortRows(body);
  }

  qt.rows.adopt = function (body) {
    var name = body.dataset.qtRows;
    body.qtCols = columns(body);
    body.qtIds = {};
    if (!tables.has(name)) { tables.set(name, new Set()); }
    tables.get(name).add(body);
    body.addEventListener("mouseleave", function () { sortRows(body); });
    draw(body, Object.keys(qt.model["rows:" + name] || {}));
  };

  qt.onPart("rows", function (name, changed, removed) {
    (tables.get(name) || []).forEach(function (body) {
      if (!body.isConnected) { tables.get(name).delete(body); return; }
      draw(body, Object.keys(changed).concat(removed));
    });
  });

  /* ---- heat cells ---- */
  var heats = new Set();

  function heatLine(row, label, cells, cols) {
    if (row.firstElementChild.textContent !== label) { row.firstElementChild.textContent = label; }
    while (row.childElementCount - 1 < cols.length) { row.appendChild(document.createElement("td")); }
    while (row.childElementCount - 1 > cols.length) { row.lastElementChild.remove(); }
    cols.forEach(function (col, i) {
      var cell = row.children[i + 1], value = cells[i] || [qt.fmt.MISSING, null];
      var step = value[1] === null ? "none" : String(value[1]);
      if (cell.textContent !== value[0]) { cell.textContent = value[0]; }
      if (cell.dataset.step !== step) { cell.dataset.step = step; }
      if (cell.dataset.con !== String(col[0])) { cell.dataset.con = col[0]; }
    });
  }

  /* An arrow and a colour before the name: "long" unless said otherwise, none for null. */
  qt.heat.side = function (link, side) {
    var shown = side === null ? "" : side || "long";
    if ((link.dataset.side || "") !== shown) { link.dataset.side = shown; }
  };

  function heatHead(row, cols) {
    while (row.childElementCount - 1 < cols.length) {
      var th = document.createElement("th");
      th.scope = "col";
      th.appendChild(document.createElement("a"));
      row.appendChild(th);
    }
    while (row.childElementCount - 1 > cols.length) { row.lastElementChild.remove(); }
    cols.forEach(function (col, i) {
      var link = row.children[i + 1].firstChild;
      var href = "/symbol/" + encodeURIComponent(col[0]);   // two contracts may have the same symbol
      var name = qt.nameOf(col[1]);
      if (link.textContent !== name) { link.textContent = name; link.title = col[1]; }
      if (link.getAttribute("href") !== href) { link.setAttribute("href", href); }
      qt.heat.side(link, col[2]);
    });
  }

  function drawHeat(body) {
    var part = qt.model["heat:" + body.dataset.qtHeat];
    if (!part) { return; }   // not asked for while it is out of sight: what was drawn stays
    var cols = part.cols || [];
    heatHead(body.qtHead, cols);
    body.qtFactors.forEach(function (factor, i) { heatLine(body.children[i], factor[1], part[factor[0]] || [], cols); });
  }

  qt.heat.adopt = function (body) {
    body.qtFactors = body.dataset.factors.split("|").map(function (text) { return text.split(":"); });
    body.qtHead = body.closest("table").tHead.rows[0];
    body.qtFactors.forEach(function () {
      var row = document.createElement("tr"), th = document.createElement("th");
      th.scope = "row";
      row.appendChild(th);
      body.appendChild(row);
    });
    heats.add(body);
    drawHeat(body);
  };

  qt.onPart("heat", function (name) {
    heats.forEach(function (body) {
      if (!body.isConnected) { heats.delete(body); } else if (body.dataset.qtHeat === name) { drawHeat(body); }
    });
  });
})();
