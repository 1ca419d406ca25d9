/* Symbol page around its chart: where a name leads, the symbol seen last, the bars of the rules, a quick first answer. */
import { onAddress } from "../core/address.mjs";
import { model, onPart, tell } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";
import { painters } from "../core/rows.mjs";

const LAST = "qt-last-symbol", HURRY_MS = 700, HURRY_MOST = 8;
let hurried = 0;

/* [fill in per cent, verdict]: a bar whose middle is the limit */
painters.limit = function (cell, value) {
  if (!cell.firstChild) {
    const track = document.createElement("span");
    track.className = "qt-limit-bar";
    track.append(document.createElement("i"), document.createElement("b"));
    cell.append(track);
  }
  const bar = cell.firstChild;
  bar.hidden = !value;
  if (value) { bar.firstChild.style.width = value[0] + "%"; bar.dataset.verdict = value[1]; }
};

function conHere() {
  const match = window.location.pathname.match(/^\/symbol\/([1-9]\d*)\/?$/);
  return match ? match[1] : null;
}

function replaceWith(path) {
  window.history.replaceState({}, "", path);
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}

/* A name that means one symbol leads there; "Back" goes to where the user came from, not to the name again. */
function lead(find) {
  if (!find || conHere() === String(find.go) || !/^\/symbol(\/|$)/.test(window.location.pathname)) { return; }
  const last = find.home ? window.localStorage.getItem(LAST) : null;
  const to = last || find.go;
  if (to) { replaceWith("/symbol/" + to); }
}
onPart("find", () => { lead(model.find); });

onPart("symbol", () => {
  const here = conHere(), known = model.symbol;
  if (!here || !known || String(known.con) !== here) { return; }
  if (known.unknown) { if (window.localStorage.getItem(LAST) === here) { window.localStorage.removeItem(LAST); } return; }
  window.localStorage.setItem(LAST, here);
  document.title = "QTrade - " + known.name;
});

/* "Next symbol" goes round in the order that this tab began with; a button takes the order of now. */
let order = null;
const inOrder = (list) => list.map((entry) => entry[0]).join();

function drawNeighbours() {
  const fresh = model.ring && model.ring.order, here = Number(conHere());
  if (!fresh || !here) { return; }
  const at = (order || []).findIndex((entry) => entry[0] === here);
  if (!order || (at < 0 && fresh.some((entry) => entry[0] === here))) { order = fresh; }
  const i = order.findIndex((entry) => entry[0] === here), many = order.length > (i < 0 ? 0 : 1);
  const link = (entry) => (many ? { sym: entry[1], con: entry[0] } : null);
  const changed = {
    before: link(order[i > 0 ? i - 1 : order.length - 1] || []),
    after: link(order[(i + 1) % order.length] || []),
    moved: inOrder(order) !== inOrder(fresh),
  };
  model.neighbours = changed;
  tell({ part: "neighbours", changed, removed: [], full: false });
}
onPart("ring", drawNeighbours);
document.addEventListener("click", (event) => {
  if (event.target.closest && event.target.closest("[data-qt-ring]")) { order = null; drawNeighbours(); }
});

onAddress(() => { document.title = "QTrade"; });   // the new page says its own

/* The engine publishes a symbol within a second of the first poll: do not wait for the next one. */
onPart("state", () => {
  if (!conHere() || !model.state || !model.state.chart) { hurried = 0; return; }
  if (model.state.chart.s !== "loading") { hurried = 0; return; }
  hurry();
});
function hurry() {
  if (hurried >= HURRY_MOST) { return; }
  hurried += 1;
  window.setTimeout(() => {
    const state = (model.state || {}).chart;
    if (conHere() && state && state.s === "loading") { pollNow(); hurry(); }
  }, HURRY_MS);
}

document.addEventListener("click", (event) => {
  if (event.target.closest && event.target.closest("[data-qt-find]")) {
    const box = document.getElementById("shell-find");
    if (box) { box.focus(); }
  }
});
