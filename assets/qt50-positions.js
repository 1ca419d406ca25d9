/* Positions page: the P&L curve of each position (SVG, from "pnlcurves") and the treemap, asked for anew when one of
   its tiles has changed. */
(function () {
  "use strict";
  var qt = window.qt, fmt = qt.fmt;
  var SVG = "http://www.w3.org/2000/svg", HEIGHT = 56, LEFT = 72, RIGHT = 84, NAME_MAX = 9;

  function node(tag, attributes, text) {
    var element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) { element.textContent = text; }
    return element;
  }

  function curve(row, width) {
    var known = row.y.filter(function (v) { return v !== null; });
    var low = Math.min.apply(null, known), high = Math.max.apply(null, known), span = high - low || 1;
    var step = (width - LEFT - RIGHT) / Math.max(1, row.y.length - 1), path = "", pen = "M", last = null;
    row.y.forEach(function (v, i) {
      if (v === null) { pen = "M"; return; }
      var at = [LEFT + i * step, 8 + (HEIGHT - 16) * (1 - (v - low) / span)];
      path += pen + at[0].toFixed(1) + " " + at[1].toFixed(1);
      pen = "L";
      last = at;
    });
    return { path: path, last: last, value: known[known.length - 1], change: known[known.length - 1] - known[0] };
  }

  function short(name) { return name.length > NAME_MAX ? name.slice(0, NAME_MAX - 1) + "…" : name; }

  /* What the curve has come to is the row's own figure: computed once, read from there. */
  function worth(id, c) {
    var held = (qt.model["grid:positions"] || {})[id];
    if (held && held.unr !== null && held.unr !== undefined) { c.change += held.unr - c.value; c.value = held.unr; }
    return c;
  }

  function drawOne(id, row, width) {
    var c = worth(id, curve(row, width)), tone = fmt.tone(c.change, 0);
    var svg = node("svg", { width: width, height: HEIGHT, role: "img", "aria-label": row.sym + " unrealised " +
      fmt.signed(c.value, 0) + ", " + fmt.signed(c.change, 0) + " in the last hour" });
    var name = node("text", { x: 0, y: HEIGHT / 2 + 4, class: "qt-curve-name" }, short(qt.nameOf(row.sym)));
    name.appendChild(node("title", {}, row.sym));
    svg.appendChild(name);
    svg.appendChild(node("path", { d: c.path, class: "qt-curve", "data-tone": tone }));
    svg.appendChild(node("circle", { cx: c.last[0], cy: c.last[1], r: 2.2, class: "qt-curve-dot", "data-tone": tone }));
    svg.appendChild(node("text", { x: width, y: HEIGHT / 2 - 2, class: "qt-curve-value" }, fmt.signed(c.value, 0)));
    svg.appendChild(node("text", { x: width, y: HEIGHT / 2 + 13, class: "qt-curve-change", "data-tone": tone },
      fmt.signed(c.change, 0) + " in 1 h"));
    return svg;
  }

  function draw(holder) {
    var rows = qt.model.pnlcurves || {}, width = holder.clientWidth;
    if (!width) { return; }
    var ids = Object.keys(rows).sort(function (a, b) { return rows[a].order - rows[b].order; });
    holder.replaceChildren.apply(holder, ids.map(function (id) { return drawOne(id, rows[id], width); }));
  }

  function drawAll() { document.querySelectorAll("[data-qt-curves]").forEach(draw); }
  qt.onPart("pnlcurves", drawAll);
  qt.onPart("grid:positions", drawAll);
  window.addEventListener("resize", drawAll);
  qt.onNodes(function () {
    document.querySelectorAll("[data-qt-curves]").forEach(function (holder) { if (!holder.firstChild) { draw(holder); } });
    watchTreemap();
  });

  /* Ask only once the figure of the mount is there: it shows the newest tiles itself. */
  qt.onPart("treemap", function () {
    var gd = document.querySelector("#positions-treemap .js-plotly-plot");
    if (gd && gd.data && gd.data.length) {
      qt.setProps("positions-treemap-data", { data: Date.now() });
    }
  });

  function watchTreemap() {
    var gd = document.querySelector("#positions-treemap .js-plotly-plot");
    if (!gd || gd.qtWatched || !gd.on) { return; }
    gd.qtWatched = true;
    gd.on("plotly_treemapclick", function (event) {
      var tile = event.points && event.points[0];
      if (tile && tile.id) { qt.go("/symbol/" + tile.id); }
      return false;
    });
  }
})();
