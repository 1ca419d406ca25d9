/* The day's time line of the lines: one row a symbol, one bar a line, out of the answer of the server (app/rows/line_day.py). */
(function () {
  "use strict";
  var qt = window.qt, fmt = qt.fmt;
  var SVG = "http://www.w3.org/2000/svg";
  var LEFT = 74, RIGHT = 12, ROW_H = 18, AXIS_H = 20, AGAIN_MS = 15000;
  var STEPS_S = [300, 900, 1800, 3600, 7200, 14400, 28800];
  var WORDS = { "100": "100 Position", pinned: "Pinned", "50": "50 Top", "25": "25 Normal" };
  var day = null, askedAt = 0;

  function node(tag, attributes, text) {
    var element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) { element.textContent = text; }
    return element;
  }

  function holder() { return document.querySelector("[data-qt-day]"); }

  function story(sym, span, now) {
    var until = span[1] === null ? "now" : qt.clock.text(span[1], "hm");
    var text = sym + " " + (WORDS[span[2]] || span[2]) + ", " + qt.clock.text(span[0], "hm") + " to " + until +
      " (" + fmt.held((span[1] === null ? now : span[1]) - span[0]) + ")";
    if (span[3]) { text += "\nheld for: " + span[3]; }
    (span[6] || []).forEach(function (gap) {
      text += "\nno connection " + qt.clock.text(gap[0], "hms") + " to " + qt.clock.text(gap[1], "hms");
    });
    return span[4] ? text + "\nwent: " + span[4] : text;
  }

  function axis(svg, x, now, height) {
    var length = now - day.from, step = STEPS_S.find(function (s) { return length / s <= 9; }) || 43200;
    for (var at = Math.ceil(day.from / step) * step; at <= now; at += step) {
      svg.appendChild(node("line", { x1: x(at), x2: x(at), y1: AXIS_H - 4, y2: height, class: "qt-hair" }));
      if (x(at) > LEFT + 8) { svg.appendChild(node("text", { x: x(at), y: 11, class: "qt-axis-time" }, qt.clock.text(at, "hm"))); }
    }
  }

  function bars(svg, row, i, x, now) {
    var y = AXIS_H + i * ROW_H;
    var link = node("a", { href: "/symbol/" + row.con });
    link.appendChild(node("text", { x: LEFT - 10, y: y + 12, class: "qt-axis-word" }, row.sym));
    svg.appendChild(link);
    svg.appendChild(node("line", { x1: LEFT, x2: "100%", y1: y + ROW_H - 1, y2: y + ROW_H - 1, class: "qt-hair" }));
    row.spans.forEach(function (span) {
      var from = x(span[0]), to = x(span[1] === null ? now : span[1]);
      var bar = node("rect", { x: from, y: y + 3, width: Math.max(2, to - from), height: ROW_H - 7, rx: 2, class: "qt-span",
        "data-cls": span[2], "data-con": row.con });
      if (span[1] === null) { bar.setAttribute("data-open", "1"); }
      bar.appendChild(node("title", {}, story(row.sym, span, now)));
      svg.appendChild(bar);
      (span[6] || []).forEach(function (gap) {   // the connection was away: held, but nothing came
        var lost = Math.max(from, x(gap[0]));
        svg.appendChild(node("rect", { x: lost, y: y + 5, width: Math.max(2, x(gap[1]) - lost), height: ROW_H - 11,
          class: "qt-span-gap", "aria-hidden": "true" }));
      });
      if (span[5]) { svg.appendChild(node("text", { x: to, y: y + 13, class: "qt-span-end", "aria-hidden": "true" }, "▼")); }
    });
  }

  function draw() {
    var box = holder();
    if (!box || !day || box.hidden || !box.clientWidth) { return; }
    var width = box.clientWidth, height = AXIS_H + day.rows.length * ROW_H;
    var now = Math.max(day.now, Math.round(qt.clock.market(qt.clock.now())));
    var x = function (at) { return LEFT + (width - LEFT - RIGHT) * (at - day.from) / Math.max(1, now - day.from); };
    var svg = node("svg", { width: width, height: height });
    axis(svg, x, now, height);
    day.rows.forEach(function (row, i) { bars(svg, row, i, x, now); });
    box.replaceChildren(svg);
    box.setAttribute("aria-label", "Who held a line " + day.words);
  }

  function show(on) {
    var box = holder(), recent = document.querySelector("[data-qt-changes]");
    if (!box) { return; }
    box.hidden = !on;
    recent.hidden = on;
    var words = document.querySelector(".qt-day-words"), before = document.querySelector("[data-qt='line_events.words']");
    words.hidden = !on;
    before.hidden = on;
    words.textContent = on ? day.words : "";
    draw();
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.qtLines = Object.assign(window.dash_clientside.qtLines || {}, {
    day: function (answer) {
      day = answer || null;
      askedAt = performance.now();
      show(!!day);
      return window.dash_clientside.no_update;
    }
  });

  document.addEventListener("click", function (event) {
    var bar = event.target.closest && event.target.closest(".qt-span");
    if (bar) { qt.go("/symbol/" + bar.dataset.con); }
  });
  window.addEventListener("resize", draw);
  window.setInterval(function () {
    if (!day || !holder() || holder().hidden || document.hidden || document.body.hasAttribute("data-frozen")) { return; }
    if (performance.now() - askedAt > AGAIN_MS) { qt.setProps("lines-day-ask", { data: Date.now() }); }
  }, 5000);
})();
