/* The one script of the page: Dash loads it, it loads the others, and then the page is drawn. */
import "./core/format.mjs";
import "./core/model.mjs";
import "./core/bind.mjs";
import "./core/rows.mjs";
import "./core/grid.mjs";
import "./core/chart.mjs";
import "./core/ask.mjs";
import "./core/account.mjs";
import "./core/pick.mjs";
import "./core/form.mjs";
import "./pages/lines.mjs";
import "./pages/positions.mjs";
import "./core/changes.mjs";
import "./core/wide.mjs";
import "./pages/custom.mjs";
import "./pages/scanners.mjs";
import "./pages/scores.mjs";
import "./pages/sets.mjs";
import "./pages/why.mjs";
import "./pages/settings.mjs";
import "./pages/candles.mjs";
import "./pages/symbol.mjs";
import "./pages/health.mjs";
import "./pages/coverage.mjs";
import "./pages/hist.mjs";
import "./pages/line-day.mjs";
import "./pages/preview.mjs";
import "./pages/what-if.mjs";
import "./pages/lab.mjs";
import "./core/shell.mjs";

/* Dash's first callbacks need what is defined above: its renderer is started from here (app/factory.py). */
window.renderer = new window.DashRenderer();
