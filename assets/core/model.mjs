/* The browser's copy of the view: merges the poll's deltas and tells whoever draws a part.
   - qt.model: {part: {key: value}}, merged by the rules of app/feed.py
   - qt.onPart(prefix, fn): fn(name, changed, removed, full) after each change of a part "prefix:name" or "prefix"
   - qt.onLeave(fn): fn() when the browser goes to another page, after everything of the former one was forgotten
   - qt.clock: server, market and data age, all from the last answer and the monotonic clock of this page
   - the one fetch wrapper: sees every answer of the server, so that its silence can be shown */
(function () {
  "use strict";
  var qt = window.qt;
  var POLL_TIMEOUT_MS = 12000;
  var listeners = [], have = null;   // have: the cursor of what is here
  qt.model = {};
  qt.ready = [];              // called after a frame in which nodes came or went
  qt.onNodes = function (fn) { qt.ready.push(fn); };

  /* Sets properties of a component; false = it is not on the page (left by now, or not laid out yet: Dash would throw). */
  qt.setProps = function (id, props) {
    try {
      if (!window.dash_component_api.getLayout(id)) { return false; }
    } catch (absent) {
      return false;
    }
    window.dash_clientside.set_props(id, props);
    return true;
  };

  qt.onPart = function (prefix, fn) { listeners.push([prefix, fn]); };

  qt.get = function (path) {
    var dot = path.indexOf(".");
    var part = qt.model[path.slice(0, dot)];
    return part === undefined ? undefined : part[path.slice(dot + 1)];
  };

  function tell(part, changed, removed, full) {
    var head = part.split(":")[0], name = part.slice(head.length + 1);
    listeners.forEach(function (entry) {
      if (entry[0] === head || entry[0] === part) { entry[1](name, changed, removed, full, part); }
    });
    qt.bind.part(part, changed, removed);
  }
  qt.tell = tell;   // for a script that derives a part out of another

  function merge(part, values) {
    var target = qt.model[part] = qt.model[part] || {};
    var byField = /^(grid|rows):/.test(part), tail = part.slice(0, 5) === "tail:";
    Object.keys(values).forEach(function (key) {
      if (byField && target[key]) { Object.assign(target[key], values[key]); } else { target[key] = values[key]; }
    });
    if (tail) { trim(target, 600); }
  }

  function trim(points, most) {
    var keys = Object.keys(points);
    for (var i = 0; i < keys.length - most; i += 1) { delete points[keys[i]]; }
  }

  /* ---- what is shown belongs to the page that the address names ---- */
  var OF_EVERY_PAGE = ["strip", "broker", "rows:bell"];
  var at = window.location.pathname, leavers = [], held = null;
  qt.onLeave = function (fn) { leavers.push(fn); };

  function forget(part) {
    var keys = Object.keys(qt.model[part]);
    delete qt.model[part];
    tell(part, {}, keys, true);
  }

  /* The address has changed: no value of the former page may stand under it, and no answer for it counts any more. */
  function leave() {
    if (at === window.location.pathname) { return; }
    at = window.location.pathname;
    have = held = null;
    qt.setProps("shell-cursor", { data: null });
    Object.keys(qt.model).forEach(function (part) { if (OF_EVERY_PAGE.indexOf(part) < 0) { forget(part); } });
    leavers.forEach(function (fn) { fn(); });
    qt.bind.tick();
  }
  window.addEventListener("_dashprivate_pushstate", leave);
  window.addEventListener("popstate", leave);

  /* The page's elements come from the server, too, and may come later than its values: until then these wait. */
  function isHere(page) {
    var drawn = document.querySelector("[data-qt-page]");
    return page === undefined || (drawn !== null && drawn.dataset.qtPage === page);
  }

  function hold(delta) {
    if (!delta.full) { return; }
    held = delta;
    OF_EVERY_PAGE.forEach(function (part) { if (delta.set[part]) { replace(part, delta.set[part]); } });
    qt.tick();
  }
  qt.ready.push(function () {
    if (!held || !isHere(held.page)) { return; }
    var delta = held;
    held = null;
    qt.apply(delta);
    qt.setProps("shell-cursor", { data: have });
  });

  function replace(part, values) {
    var removed = Object.keys(qt.model[part] || {}).filter(function (key) { return !(key in values); });
    qt.model[part] = values;
    tell(part, values, removed, true);
  }

  function replaceAll(views) {
    var before = qt.model;
    qt.model = {};
    Object.keys(before).forEach(function (part) {
      if (!views[part]) { tell(part, {}, Object.keys(before[part]), true); }
    });
    Object.keys(views).forEach(function (part) {
      qt.model[part] = views[part];
      var removed = Object.keys(before[part] || {}).filter(function (key) { return !(key in views[part]); });
      tell(part, views[part], removed, true);
    });
  }

  function mergeDelta(delta) {
    (delta.drop || []).forEach(function (part) {
      var keys = Object.keys(qt.model[part] || {});
      delete qt.model[part];
      tell(part, {}, keys, false);
    });
    var parts = Object.assign({}, delta.set, delta.del);
    Object.keys(parts).forEach(function (part) {
      var changed = (delta.set || {})[part] || {}, removed = (delta.del || {})[part] || [];
      merge(part, changed);
      removed.forEach(function (key) { delete qt.model[part][key]; });
      tell(part, changed, removed, false);
    });
  }

  /* Polls may overtake each other (one can be asked for at any time), and a busy browser may skip one: a delta that does
     not lead on from what is here would leave rows with half their fields. It is dropped; the next poll asks from here. */
  qt.cursor = function () { return have; };
  qt.apply = function (delta) {
    leave();
    if (delta.path !== undefined && (delta.path || "/") !== at) { return; }   // asked for another page
    if (!isHere(delta.page)) { hold(delta); return; }
    if (!delta.full && delta.since !== have) { return; }
    if (qt.isOthersMoney(delta)) { return; }
    held = null;
    have = delta.cursor || null;
    document.documentElement.dataset.qtSnapshot = delta.snapshot || "";   // the moment that all of the page is of
    if (delta.full) { replaceAll(delta.set || {}); } else { mergeDelta(delta); }
    qt.tick();
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.qt = Object.assign(window.dash_clientside.qt || {}, {
    apply: function (delta) {
      if (!delta) { return window.dash_clientside.no_update; }
      qt.apply(delta);
      return have;
    }
  });

  /* ---- clocks and the server's pulse ---- */
  var pulse = { now: null, perf: 0, beat: null, failing: false, build: null, open: 0 };
  qt.pulse = pulse;
  qt.clock = {
    /* wall time of the server, UTC epoch seconds */
    now: function () {
      return pulse.now === null ? Date.now() / 1000 : pulse.now + (performance.now() - pulse.perf) / 1000;
    },
    /* seconds since the engine's last sign of life; null = none yet */
    dataAge: function () {
      return pulse.beat === null ? null : pulse.beat + (performance.now() - pulse.perf) / 1000;
    },
    /* the gateway's clock at a wall time */
    market: function (wall) {
      var c = qt.get("strip.clock");
      return c ? wall + c[0] + (wall - c[1]) * (c[2] - 1) : wall;
    },
    /* null = fresh, "late" over 6 s, "dead" over 15 s or when the server does not answer */
    trouble: function () {
      var age = qt.clock.dataAge();
      if (age === null) { return null; }
      return age > 15 ? "dead" : age > 6 ? "late" : null;
    }
  };

  function heard(response) {
    var now = response.headers.get("X-QT-Now");
    if (now === null) { return; }
    pulse.now = Number(now);
    pulse.perf = performance.now();
    var beat = response.headers.get("X-QT-Beat");
    pulse.beat = beat === null ? pulse.beat : Number(beat);
    pulse.build = response.headers.get("X-QT-Build");
    pulse.failing = false;
  }

  var fetchBefore = window.fetch;
  window.fetch = function (resource, options) {
    var url = typeof resource === "string" ? resource : resource.url || "";
    if (url.indexOf("_dash-update-component") < 0) { return fetchBefore.apply(this, arguments); }
    var stop = new AbortController();
    var timer = window.setTimeout(function () { stop.abort(); }, POLL_TIMEOUT_MS);
    var given = Object.assign({}, options, { signal: stop.signal });
    pulse.open += 1;
    return fetchBefore.call(this, resource, given).then(function (response) {
      window.clearTimeout(timer);
      pulse.open -= 1;
      if (response.status === 409) { qt.reloadNeeded("This page is from another build."); }
      if (response.status < 500) { heard(response); } else { pulse.failing = true; }
      return response;
    }, function (problem) {
      window.clearTimeout(timer);
      pulse.open -= 1;
      pulse.failing = true;
      qt.tick();
      throw problem;
    });
  };
})();
