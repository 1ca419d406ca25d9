/* "What if I add...": the plan's own answer before it happens. The symbol stays chosen while 25, 50 and Pin are tried;
   a name that the page does not know is looked up at the broker first. */
import { askEngine } from "../core/ask.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { eachGrid } from "../core/grid.mjs";
import { onNodes } from "../core/model.mjs";
import { offer, pick } from "../core/pick.mjs";

const BOX = "lines-what-if", STORE = "lines-request";
let chosen = null; let as = "25"; let asked = 0;
const met = {};                 // name -> con_id of what the broker has found for this page

function said() { return document.querySelector("[data-qt-said]"); }
function text(selector, value) {
  const element = said() && said().querySelector(selector);
  if (element && element.textContent !== value) { element.textContent = value; }
}
function capital(words) { return words.charAt(0).toUpperCase() + words.slice(1); }

/* The headline's bracket is the detail of the victim: not bold. */
function head(words) {
  const element = said() && said().querySelector(".qt-said-head");
  if (!element) { return; }
  const cut = words.lastIndexOf(" ("), bold = document.createElement("b");
  bold.textContent = cut > 0 ? words.slice(0, cut) : words;
  element.replaceChildren(bold, document.createTextNode(cut > 0 ? words.slice(cut) : ""));
}

function draw(kind, headline, detail, now) {
  if (!said()) { return; }
  said().dataset.kind = kind;
  markVictim(null);
  head(headline);
  text(".qt-said-detail", detail || "");
  text(".qt-said-now", now || "");
}

function answered(number, result) {
  if (number !== asked) { return; }
  if (!result.ok || !result.value) { draw("error", result.text, "", ""); return; }
  const value = result.value, at = clock.clockText(clock.market(clock.now()), "hms");
  draw("told", capital(value[0]), value[1], "Now: " + value[2] + ". Asked at " + at + ".");
  markVictim(value[3]);
}

/* The line that would go is marked in the ledger. */
let victim = null;
function markVictim(con) {
  if (victim === con) { return; }
  victim = con;
  eachGrid("lines", (grid) => { grid.api.redrawRows(); });
}
window.dashAgGridFunctions = window.dashAgGridFunctions || {};
window.dashAgGridFunctions.qtLineClass = function (params) {
  return victim !== null && params.data && params.data.id === String(victim) ? "qt-row-victim" : "";
};

function ask() {
  if (!chosen) { return; }
  const number = asked += 1;
  if (said()) { said().dataset.kind = "asking"; }
  askEngine(STORE, { action: "line", con: chosen.con, as }, (result) => { answered(number, result); });
}

function found(number, name, result) {
  if (number !== asked) { return; }
  const rows = result.ok && result.value ? result.value : [];
  if (!rows.length) { draw("error", result.text, "", ""); return; }
  if (rows.length === 1 && rows[0][4]) {   /* called so; what is merely near it is offered */
    chosen = { con: rows[0][0], sym: rows[0][1] };
    met[name.toUpperCase()] = chosen;
    setProps(BOX, { value: chosen.sym });
    ask();
    return;
  }
  draw("idle", "Which " + name.toUpperCase() + "? Choose one.", "", "");
  offer(BOX, rows.map((row) => { return { con: row[0], sym: row[1], note: row[2] + " " + row[3] }; }));
}

pick(BOX, {
  pick (con, sym) { chosen = { con, sym }; ask(); },
  look (name) {
    if (met[name.toUpperCase()]) { chosen = met[name.toUpperCase()]; ask(); return; }
    const number = asked += 1;
    chosen = null;
    draw("asking", "Looking for " + name.toUpperCase() + "...", "", "");
    askEngine(STORE, { action: "find", text: name }, (result) => { found(number, name, result); });
  }
});

clientside("qtWhatIf", {
  as (value) {
    if (value && value !== as) { as = value; ask(); }
    return noUpdate();
  }
});
/* A fresh page begins with a fresh question. */
onNodes(() => {
  if (said() && !said().dataset.ready) { said().dataset.ready = "1"; chosen = null; as = "25"; victim = null; }
});
