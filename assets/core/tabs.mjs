/**
 * Tabs: <div role="tablist" data-qt-tabs="page"> with its buttons, and the panels that they control (app/components/tabs.py).
 * The one in sight is named by the address, "/scanners#thresholds"; the first has no name there. So a link leads to it, and
 * the browser's back and reload work.
 */
import { goHash, hash, onHash, path } from "./address.mjs";
import { setAttr } from "./dom.mjs";
import { onNodes } from "./model.mjs";

/** @type {Array<(page: string, tab: string) => void>} */
const listeners = [];
/** Which tab each row shows, and of which page. @type {WeakMap<Element, {at: string, shown: string}>} */
const drawn = new WeakMap();

/**
 * Called when a tab comes into sight, the first one when the page is there, too.
 * @param {(page: string, tab: string) => void} fn
 */
export function onTab(fn) {
  listeners.push(fn);
}

/** @param {Element} row @returns {HTMLElement[]} */
function tabsOf(row) {
  return Array.from(row.querySelectorAll("[role=tab]"));
}

/** @param {HTMLElement} row */
function draw(row) {
  const tabs = tabsOf(row), named = hash(), before = drawn.get(row);
  const shown = (tabs.find((tab) => tab.dataset.qtTab === named) ?? tabs[0]).dataset.qtTab ?? "";
  if (before && (before.shown === shown || before.at !== path())) {
    return;   // drawn, or of a page that is being left
  }
  drawn.set(row, { at: path(), shown });
  tabs.forEach((tab) => {
    const is = tab.dataset.qtTab === shown;
    tab.setAttribute("aria-selected", String(is));
    tab.tabIndex = is ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
    if (panel) {
      panel.hidden = !is;
    }
  });
  listeners.forEach((fn) => fn(row.dataset.qtTabs ?? "", shown));
}

/** Whether the tab is shown that an element stands in. @param {Element} element */
export function inTab(element) {
  return element.closest("[data-qt-panel][hidden]") === null;
}

/** The page's frame says which tab is in sight: <main data-tab="scanners results">. */
function drawAll() {
  const rows = /** @type {HTMLElement[]} */ (Array.from(document.querySelectorAll("[data-qt-tabs]")));
  rows.forEach(draw);
  const names = rows.map((row) => `${row.dataset.qtTabs} ${drawn.get(row)?.shown}`), frame = document.getElementById("qt-main");
  if (frame) {
    setAttr(frame, "data-tab", names[0] ?? null);
  }
}
onNodes(drawAll);
onHash(drawAll);

/**
 * Show a tab of the page that is open.
 * @param {string} page
 * @param {string} key
 * @param {boolean} [instead] no step of its own for "back"
 */
export function showTab(page, key, instead = false) {
  const row = document.querySelector(`[data-qt-tabs="${page}"]`);
  if (row) {
    goHash(tabsOf(row)[0].dataset.qtTab === key ? "" : key, instead);
  }
}

document.addEventListener("click", (event) => {
  const tab = event.target instanceof Element ? event.target.closest("[data-qt-tab]") : null;
  const row = tab?.closest("[data-qt-tabs]");
  if (tab instanceof HTMLElement && row instanceof HTMLElement) {
    showTab(row.dataset.qtTabs ?? "", tab.dataset.qtTab ?? "");
  }
});

/** @type {Record<string, (at: number, count: number) => number>} */
const MOVES = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

document.addEventListener("keydown", (event) => {
  const tab = event.target instanceof Element ? event.target.closest("[data-qt-tab]") : null;
  const row = tab?.closest("[data-qt-tabs]"), move = MOVES[event.key];
  if (!(tab instanceof HTMLElement) || !(row instanceof HTMLElement) || !move || event.altKey || event.ctrlKey || event.metaKey) {
    return;
  }
  const all = tabsOf(row), next = all[move(all.indexOf(tab), all.length)];
  event.preventDefault();
  showTab(row.dataset.qtTabs ?? "", next.dataset.qtTab ?? "", true);
  next.focus();
});
