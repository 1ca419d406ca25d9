/** Symbol page around its chart: where a name leads, the symbol seen last, the bars of the rules, a quick first answer. */
import { onAddress } from "../core/address.mjs";
import { all, make, one, setText, within } from "../core/dom.mjs";
import { get, model, onPart, tell } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";
import { painters } from "../core/rows.mjs";

const LAST = "qt-last-symbol", NAMES = "qt-names", NAMES_MOST = 60, HURRY_MS = 700, HURRY_MOST = 8;
let hurried = 0;

/* [fill in per cent, verdict]: a bar whose middle is the limit */
painters.limit = (cell, value) => {
  if (!cell.firstChild) {
    const track = make("span", "qt-limit-bar");
    track.append(make("i"), make("b"));
    cell.append(track);
  }
  const bar = one(cell, ".qt-limit-bar");
  bar.hidden = !value;
  if (value) {
    one(bar, "i").style.width = `${value[0]}%`;
    bar.dataset.verdict = value[1];
  }
};

/* [name, line beneath it or "", tooltip] */
painters.rule = (cell, value) => {
  const [name, beneath, title] = value ?? ["", "", ""];
  if (!cell.firstChild) {
    cell.append(make("span"), make("small", "qt-soft"));
  }
  const [first, second] = all(cell, ":scope > *");
  setText(first, name);
  setText(second, beneath);
  second.hidden = !beneath;
  cell.title = title;
};

/** The con_id that the address names; null = it names none. */
const conHere = () => /^\/symbol\/([1-9]\d*)\/?$/.exec(window.location.pathname)?.[1] ?? null;

/** @param {string} path */
function replaceWith(path) {
  window.history.replaceState({}, "", path);
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}

/* A name that means one symbol leads there; "Back" goes to where the user came from, not to the name again. */
onPart("find", () => {
  const find = model.find;
  if (!find || conHere() === String(find.go) || !/^\/symbol(\/|$)/.test(window.location.pathname)) {
    return;
  }
  const to = (find.home ? window.localStorage.getItem(LAST) : null) || find.go;
  if (to) {
    replaceWith(`/symbol/${to}`);
  }
});

onPart("symbol", () => {
  const here = conHere(), known = model.symbol;
  if (!here || !known || String(known.con) !== here) {
    return;
  }
  if (known.unknown) {
    if (window.localStorage.getItem(LAST) === here) {
      window.localStorage.removeItem(LAST);
    }
    return;
  }
  window.localStorage.setItem(LAST, here);
  document.title = `QTrade - ${named(here, known.name)}`;
});

/**
 * What a contract is called: as it was called here before, where this broker has not named it yet.
 * @param {string} con
 * @param {string} name as the engine says
 */
function named(con, name) {
  const names = namesKept();
  if (name !== `Contract ${con}`) {
    if (names.get(con) !== name) {
      names.delete(con);
      names.set(con, name);
      window.localStorage.setItem(NAMES, JSON.stringify([...names].slice(-NAMES_MOST)));
    }
    return name;
  }
  const before = names.get(con) ?? name;
  if (before !== name) {
    const changed = { name: before, about: `${name.toLowerCase()}, not looked up at this broker yet` };
    Object.assign(model.symbol, changed);
    tell({ part: "symbol", changed, removed: [], full: false });
  }
  return before;
}

/** con_id -> name, the newest last. @returns {Map<string, string>} */
function namesKept() {
  try {
    return new Map(JSON.parse(window.localStorage.getItem(NAMES) ?? "[]"));
  } catch {
    return new Map();
  }
}

/* "Next symbol" goes round in the order that this tab began with; a button takes the order of now. */
/** @typedef {[con: number, sym: string]} Entry */
/** @type {Entry[] | null} */
let order = null;
/** @param {Entry[]} list */
const inOrder = (list) => list.map(([con]) => con).join();

function drawNeighbours() {
  /** @type {Entry[] | undefined} */
  const fresh = model.ring?.order, here = Number(conHere());
  if (!fresh || !here) {
    return;
  }
  const isHere = (/** @type {Entry} */ [con]) => con === here;
  const kept = order !== null && (order.some(isHere) || !fresh.some(isHere)) ? order : fresh;
  const at = kept.findIndex(isHere), isMany = kept.length > (at < 0 ? 0 : 1);
  const link = (/** @type {Entry | undefined} */ entry) => (isMany && entry ? { sym: entry[1], con: entry[0] } : null);
  order = kept;
  const changed = {
    before: link(kept[at > 0 ? at - 1 : kept.length - 1]),
    after: link(kept[(at + 1) % kept.length]),
    moved: inOrder(kept) !== inOrder(fresh),
  };
  model.neighbours = changed;
  tell({ part: "neighbours", changed, removed: [], full: false });
}
onPart("ring", drawNeighbours);
document.addEventListener("click", (event) => {
  if (within(event, "[data-qt-ring]")) {
    order = null;
    drawNeighbours();
  }
});

onAddress(() => { document.title = "QTrade"; });   // the new page says its own

/* The engine publishes a symbol within a second of the first poll: do not wait for the next one. */
const isLoading = () => conHere() !== null && get("state.chart")?.s === "loading";

onPart("state", () => {
  if (isLoading()) {
    hurry();
  } else {
    hurried = 0;
  }
});

function hurry() {
  if (hurried >= HURRY_MOST) {
    return;
  }
  hurried += 1;
  window.setTimeout(() => {
    if (isLoading()) {
      pollNow();
      hurry();
    }
  }, HURRY_MS);
}

document.addEventListener("click", (event) => {
  if (within(event, "[data-qt-find]")) {
    document.getElementById("shell-find")?.focus();
  }
});
