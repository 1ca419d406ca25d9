/**
 * The one script of the page: Dash loads it, it imports the others, and then the page is drawn: Dash's first callbacks need
 * what they define, so its renderer is started from here (app/factory.py).
 */
import "./core/account.mjs";
import { askEngine } from "./core/ask.mjs";
import "./core/bell.mjs";
import "./core/call.mjs";
import "./core/engine.mjs";
import { go } from "./core/address.mjs";
import { tick } from "./core/bind.mjs";
import * as clock from "./core/clock.mjs";
import { every } from "./core/every.mjs";
import * as fmt from "./core/format.mjs";
import { apply, cursor, get, model, onApplied, onNodes } from "./core/model.mjs";
import { pollNow, startPolling } from "./core/poll.mjs";
import { checkBuild } from "./core/reload.mjs";
import "./core/login.mjs";
import { freeze } from "./core/shell.mjs";
import { drawStrip } from "./core/strip.mjs";
import { sayZone } from "./core/zone.mjs";
import "./core/changes.mjs";
import "./core/chart.mjs";
import "./core/heat.mjs";
import "./core/rows.mjs";
import "./core/save.mjs";
import "./core/tabs.mjs";
import "./core/tip.mjs";
import "./core/treemap.mjs";
import "./pages/alert-form.mjs";
import "./pages/alerts.mjs";
import { candles } from "./pages/candles.mjs";
import "./pages/channels.mjs";
import { shownCharts } from "./pages/charts.mjs";
import "./pages/checks.mjs";
import "./pages/coverage.mjs";
import "./pages/custom.mjs";
import "./pages/display.mjs";
import "./pages/health.mjs";
import "./pages/hist.mjs";
import "./pages/journal.mjs";
import "./pages/lab.mjs";
import "./pages/line-day.mjs";
import "./pages/lines.mjs";
import "./pages/overview-heat.mjs";
import "./pages/lists.mjs";
import "./pages/log.mjs";
import "./pages/market-strip.mjs";
import "./pages/news.mjs";
import "./pages/noted.mjs";
import "./pages/positions.mjs";
import "./pages/preview.mjs";
import "./pages/price-alert.mjs";
import "./pages/scanners.mjs";
import "./pages/scores.mjs";
import "./pages/sets.mjs";
import "./pages/settings.mjs";
import "./pages/signal-card.mjs";
import "./pages/size.mjs";
import "./pages/statement-import.mjs";
import "./pages/symbol.mjs";
import "./pages/watch-grid.mjs";
import "./pages/what-if.mjs";
import "./pages/why.mjs";

function draw() {
  tick();
  drawStrip();
  checkBuild();
}
onApplied(draw);
every(1000, draw);

/* The frame comes with Dash's layout: the first poll names the build that it is of. */
let started = false;
onNodes(() => {
  const root = document.getElementById("shell-root");
  if (root && !started) {
    started = true;
    startPolling(Number(root.dataset.pollMs));
  }
});

/* For whoever looks into a page: in the browser's console, and in the tests. */
window.qt = Object.freeze({
  apply, ask: askEngine, candles, charts: shownCharts, clock, cursor, fmt, freeze, get, go, model, pollNow,
});

sayZone();   // before the first question: a computer that has moved has another zone
window.renderer = new window.DashRenderer();
