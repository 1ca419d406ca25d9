/** Charts page: several candle charts, named in the address; one time range for all where that is wished. */
import { askEngine } from "../core/ask.mjs";
import { onAddress } from "../core/address.mjs";
import { Candles } from "../core/candles.mjs";
import { waitFor } from "../core/cards.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { all, make, maybe, within } from "../core/dom.mjs";
import { model, onApplied, onNodes, onPart } from "../core/model.mjs";
import { offer, pick } from "../core/pick.mjs";
import { pollNow } from "../core/poll.mjs";
import { toast } from "../core/toast.mjs";

const MOST = 6, ASK = "charts-ask", ADD = "charts-add", REQUEST = "charts-request", KEPT = "qt-charts", SYNC = "qt-charts-sync", HURRY_MS = [500, 1200, 2500];

/** By con_id. @type {Map<string, Candles>} */
const charts = new Map();
/** Charts whose base is to be asked for with the next question. @type {Set<string>} */
const wanted = new Set();
let asking = 0;
let isFollowing = false;

const isHere = () => window.location.pathname === "/charts";
const isSynced = () => window.localStorage.getItem(SYNC) === "1";

/* ---- the address ---- */
/** @returns {{cons: string[], tf: string}} */
function inAddress() {
  const query = new URLSearchParams(window.location.search);
  const words = (query.get("s") ?? "").split(",").map((word) => word.trim()).filter(Boolean);
  return { cons: [...new Set(words)].slice(0, MOST), tf: query.get("tf") ?? "1m" };
}

/** @param {string[]} cons @param {string} tf */
const queryOf = (cons, tf) => `s=${cons.slice(0, MOST).join(",")}${tf === "1m" ? "" : `&tf=${tf}`}`;

/** @param {string[]} cons @param {string} tf @param {boolean} [instead] in the place of this address */
function goTo(cons, tf, instead = false) {
  const query = queryOf(cons, tf);
  window.history[instead ? "replaceState" : "pushState"]({}, "", `/charts?${query}`);
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}

/** Names become contracts once they are known; a page without symbols takes those seen last. */
function settleAddress() {
  if (!isHere() || !model.charts) {
    return;
  }
  const { cons, tf } = inAddress(), kept = window.localStorage.getItem(KEPT);
  if (!cons.length && kept && !window.location.search) {
    goTo((new URLSearchParams(kept).get("s") ?? "").split(",").filter(Boolean), new URLSearchParams(kept).get("tf") ?? "1m", true);
    return;
  }
  if (cons.length) {
    window.localStorage.setItem(KEPT, queryOf(cons, tf));   // those seen last
  }
  /** @type {Record<string, number | null>} */
  const found = model.charts.found ?? {};
  if (Object.keys(found).length) {
    const unknown = Object.entries(found).filter(([, con]) => con === null).map(([name]) => name);
    if (unknown.length) {
      toast({ kind: "error", title: "Not shown", text: `${unknown.join(", ")}: no symbol here is just called so. Add it by the box.` });
    }
    goTo(cons.map((word) => String(found[word] ?? word)).filter((word) => /^\d+$/.test(word)), tf, true);
  }
}

/* ---- the charts ---- */
/** @param {string} con */
function chartOf(con) {
  const known = charts.get(con);
  if (known) {
    return known;
  }
  const made = new Candles({
    host: () => document.getElementById(`charts-chart-${con}`),
    con: () => (document.getElementById(`charts-chart-${con}`) ? con : null),
    over: () => model[`chart:${con}`],
    tail: (timeframe) => model[`tail:bars-${timeframe}:${con}`],
    ask: () => want(con),
    layers: () => null,
    legend: () => maybe(document, `[data-charts-legend='${con}']`),
    chip: () => null,
    note: () => null,
    isBrief: true,
  });
  made.onView.push(() => follow(made));
  charts.set(con, made);
  return made;
}

/** The charts that are drawn, in the order of the address: for whoever looks into the page. */
export const shownCharts = () => inAddress().cons.flatMap((con) => charts.get(con) ?? []);

/** The base of one chart: asked for together with the others that want theirs. @param {string} con */
function want(con) {
  wanted.add(con);
  if (!asking) {
    asking = window.setTimeout(() => {
      asking = 0;
      const cons = [...wanted].map(Number), tf = model.charts?.tf ?? inAddress().tf;
      wanted.clear();
      setProps(ASK, { data: { cons, tf, n: performance.now() } });
    }, 30);
  }
}

/** The others show what this one shows. @param {Candles} leader */
function follow(leader) {
  if (!isSynced() || isFollowing || !leader.chart || !leader.base) {
    return;
  }
  const range = leader.chart.timeScale().getVisibleRange();
  if (!range) {
    return;
  }
  isFollowing = true;
  charts.forEach((other) => {
    if (other !== leader && other.chart && other.base?.tf === leader.base?.tf && other.rows.length) {
      other.chart.timeScale().setVisibleRange(range);
    }
  });
  window.requestAnimationFrame(() => { isFollowing = false; });   // what that moved is heard of before the next frame
}

clientside("qtCharts", {
  based(/** @type {any[] | null} */ bases) {
    (bases ?? []).forEach((base) => {
      if (base.tf === model.charts?.tf) {
        charts.get(String(base.con))?.based(base);
      }
    });
    return noUpdate();
  },
});

/* ---- the bar ---- */
function drawBar() {
  const holder = maybe(document, ".qt-charts-fill"), none = maybe(document, "[data-charts-none]"), tf = inAddress().tf;
  if (!holder) {
    return;
  }
  all(document, "[data-charts-tf]").forEach((button) => {
    const isOn = button.dataset.chartsTf === tf;
    button.setAttribute("aria-pressed", String(isOn));
    button.classList.toggle("active", isOn);
  });
  maybe(document, "[data-charts-do='sync']")?.setAttribute("aria-pressed", String(isSynced()));
  /** @type {Array<[name: string, cons: number[]]>} */
  const fills = model.charts?.fills ?? [];
  const mark = JSON.stringify(fills);
  if (holder.dataset.mark !== mark) {
    holder.dataset.mark = mark;
    const box = make("select", "qt-input qt-watch-select");
    box.setAttribute("aria-label", "Fill the page with");
    box.append(new Option("Fill with …", ""), ...fills.map(([name], i) => new Option(name, String(i))));
    box.addEventListener("change", () => {
      const chosen = fills[Number(box.value)];
      if (box.value && chosen) {
        goTo(chosen[1].map(String), inAddress().tf);
      }
    });
    holder.replaceChildren(box);
  }
  if (none) {
    const text = inAddress().cons.length ? "" : "No symbol yet: add up to six, or fill the page with a list or the positions.";
    if (none.textContent !== text) {
      none.textContent = text;
    }
  }
}

/** @param {number} con */
function add(con) {
  const { cons, tf } = inAddress();
  setProps(ADD, { value: "" });
  if (cons.includes(String(con))) {
    toast({ kind: "info", title: "Shown already", text: "This symbol has its chart." });
  } else if (cons.length >= MOST) {
    toast({ kind: "error", title: `${MOST} charts at most`, text: "Take one away first." });
  } else {
    goTo([...cons, String(con)], tf);
  }
}

pick(ADD, {
  pick: add,
  look(text) {
    askEngine(REQUEST, { action: "find", text }, ({ ok, text: said, value }) => {
      /** @type {Array<[con: number, sym: string, type: string, exchange: string, isCalledSo: boolean]>} */
      const rows = ok && value ? value : [];
      if (rows.length === 1 && rows[0][4]) {
        add(rows[0][0]);
      } else if (rows.length) {
        offer(ADD, rows.map((row) => ({ con: row[0], sym: row[1], note: `${row[2]} ${row[3]}` })));
      } else {
        toast({ kind: "error", title: `${text} was not added`, text: said });
      }
    });
  },
});

document.addEventListener("click", (event) => {
  const pressed = within(event, "[data-charts-do]"), frame = within(event, "[data-charts-tf]"), { cons, tf } = inAddress();
  if (frame) {
    goTo(cons, frame.dataset.chartsTf ?? "1m");
  } else if (pressed?.dataset.chartsDo === "remove") {
    goTo(cons.filter((con) => con !== pressed.dataset.con), tf);
  } else if (pressed?.dataset.chartsDo === "sync") {
    window.localStorage.setItem(SYNC, isSynced() ? "0" : "1");
    drawBar();
    const first = charts.get(cons[0]);
    if (first) {
      follow(first);
    }
  }
});

/* ---- what comes ---- */
/** @type {Set<string>} */
const due = new Set();
onPart("chart", (name) => due.add(name));
onPart("tail", (name) => due.add(name.split(":")[1] ?? ""));
onPart("charts", () => {
  settleAddress();
  drawBar();
});
onApplied(() => {
  due.forEach((con) => {
    if (con && document.getElementById(`charts-chart-${con}`)) {
      chartOf(con).check();
    }
  });
  due.clear();
});
onAddress(() => {
  charts.forEach((chart) => chart.clear());
  wanted.clear();
  if (isHere()) {   // the engine publishes a symbol within a second of the first poll
    HURRY_MS.forEach((ms) => window.setTimeout(() => isHere() && pollNow(), ms));
  }
});
onNodes(() => {
  charts.forEach((chart, con) => {
    if (chart.chart && !chart.host?.isConnected) {
      chart.unmake();
    }
    if (!document.getElementById(`charts-chart-${con}`)) {
      chart.clear();
      charts.delete(con);
    }
  });
  all(document, "[data-charts-chart]").forEach((holder) => chartOf(holder.dataset.chartsChart ?? "").check());
  drawBar();
});
waitFor((card) => {
  const holder = maybe(card, "[data-charts-chart]");
  return Boolean(holder && charts.get(holder.dataset.chartsChart ?? "")?.isDue());
});
