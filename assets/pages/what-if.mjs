/**
 * "What if I add...": the plan's own answer before it happens. The symbol stays chosen while 25, 50 and Pin are tried; a name
 * that the page does not know is looked up at the broker first.
 */
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { make, maybe, one, setText } from "../core/dom.mjs";
import { eachGrid } from "../core/grid.mjs";
import { onNodes } from "../core/model.mjs";
import { offer, pick } from "../core/pick.mjs";

/** @typedef {import("../core/ask.mjs").Result} Result */
/** @typedef {{con: number, sym: string}} Chosen */

const BOX = "lines-what-if", STORE = "lines-request", FIRST_AS = "25";
/** What the broker has found for this page, by name. @type {Map<string, Chosen>} */
const met = new Map();
/** @type {Chosen | null} */
let chosen = null;
let as = FIRST_AS;
let asked = 0;   // number of the newest question: answers to others count no more
/** con_id of the line that would go, marked in the ledger. @type {number | null} */
let victim = null;

const said = () => maybe(document, "[data-qt-said]");
/** @param {string} words */
const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** @param {"idle" | "asking" | "told" | "error"} kind @param {string} headline @param {string} [detail] @param {string} [now] */
function draw(kind, headline, detail = "", now = "") {
  const box = said();
  if (!box) {
    return;
  }
  const cut = headline.lastIndexOf(" (");   // the bracket is the detail of the victim: not bold
  box.dataset.kind = kind;
  markVictim(null);
  const bold = make("b", "", cut > 0 ? headline.slice(0, cut) : headline);
  one(box, ".qt-said-head").replaceChildren(bold, cut > 0 ? headline.slice(cut) : "");
  setText(one(box, ".qt-said-detail"), detail);
  setText(one(box, ".qt-said-now"), now);
}

/** @param {number} number @param {Result} result */
function answered(number, { ok, text, value }) {
  if (number !== asked) {
    return;
  }
  if (!ok || !value) {
    draw("error", text);
    return;
  }
  const [headline, detail, now, goes] = value;
  draw("told", capital(headline), detail, `Now: ${now}. Asked at ${clock.clockText(clock.marketNow())}.`);
  markVictim(goes);
}

/** @param {number | null} con */
function markVictim(con) {
  if (victim !== con) {
    victim = con;
    eachGrid("lines", (/** @type {any} */ grid) => grid.api.redrawRows());
  }
}
window.dashAgGridFunctions = window.dashAgGridFunctions || {};
window.dashAgGridFunctions.qtLineClass = (/** @type {any} */ params) =>
  victim !== null && params.data && params.data.id === String(victim) ? "qt-row-victim" : "";

/** @param {Chosen | null} about */
function choose(about) {
  chosen = about;
  ask();
}

function ask() {
  if (!chosen) {
    return;
  }
  const number = asked += 1, box = said();
  if (box) {
    box.dataset.kind = "asking";
  }
  askEngine(STORE, { action: "line", con: chosen.con, as }, (result) => answered(number, result));
}

/** @param {number} number @param {string} name @param {Result} result */
function found(number, name, { ok, text, value }) {
  if (number !== asked) {
    return;
  }
  /** @type {Array<[con: number, sym: string, exchange: string, about: string, isCalledSo: boolean]>} */
  const rows = ok && value ? value : [];
  if (!rows.length) {
    draw("error", text);
    return;
  }
  const [con, sym, , , isCalledSo] = rows[0];
  if (rows.length === 1 && isCalledSo) {   // what is merely near it is offered
    met.set(name, { con, sym });
    setProps(BOX, { value: sym });
    choose({ con, sym });
    return;
  }
  draw("idle", `Which ${name}? Choose one.`);
  offer(BOX, rows.map((row) => ({ con: row[0], sym: row[1], note: `${row[2]} ${row[3]}` })));
}

pick(BOX, {
  pick: (con, sym) => choose({ con, sym }),
  look(text) {
    const name = text.toUpperCase(), known = met.get(name);
    if (known) {
      choose(known);
      return;
    }
    const number = asked += 1;
    chosen = null;
    draw("asking", `Looking for ${name}...`);
    askEngine(STORE, { action: "find", text }, (result) => found(number, name, result));
  },
});

clientside("qtWhatIf", {
  as(/** @type {string | null} */ value) {
    if (value && value !== as) {
      as = value;
      ask();
    }
    return noUpdate();
  },
});

/* A fresh page begins with a fresh question. */
onNodes(() => {
  const box = said();
  if (box && !box.dataset.ready) {
    box.dataset.ready = "1";
    chosen = null;
    as = FIRST_AS;
    victim = null;
  }
});
