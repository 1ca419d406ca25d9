/**
 * The bell: how many alerts and open conditions there are that nobody has looked at yet. Who opens its list has seen them;
 * one that comes, or comes again, is new. What is open and seen stays a dot. Part "rows:bell", {id: {since, ...}}.
 */
import { model, onNodes, onPart } from "./model.mjs";
import { setText } from "./dom.mjs";

const KEPT = "qt-bell-seen";

/** Each outbreak by itself; what is but good to know (`quiet`) is listed and not counted. @returns {string[]} */
function open() {
  return Object.entries(model["rows:bell"] || {}).filter(([, row]) => !row.quiet).map(([id, row]) => `${id} ${row.since}`);
}

/** @returns {string[]} */
function seen() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

function draw() {
  const count = /** @type {HTMLElement | null} */ (document.querySelector("[data-qt-bell]"));
  if (!count || !model.strip) {
    return;
  }
  const all = open(), before = seen(), fresh = all.filter((each) => !before.includes(each)).length;
  setText(count, fresh ? String(fresh) : "");
  count.hidden = !all.length;
  count.toggleAttribute("data-seen", !fresh);
  const words = `Alerts and open conditions${fresh ? `, ${fresh} new` : ""}`;
  const button = document.querySelector("[data-menu=shell-bell]");
  if (button && button.getAttribute("aria-label") !== words) {
    button.setAttribute("aria-label", words);
  }
}

function look() {
  localStorage.setItem(KEPT, JSON.stringify(open()));
  draw();
}

/** Whether its list is on the screen. */
function isOpen() {
  return document.getElementById("shell-bell")?.hidden === false;
}

onPart("rows:bell", () => (isOpen() ? look() : draw()));
onPart("strip", draw);
onNodes(draw);
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-menu=shell-bell]")) {
    look();
  }
});
