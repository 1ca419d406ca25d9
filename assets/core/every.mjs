/** The page's timers: none runs while the tab is hidden, and none changes anything while the page is frozen. */

/** Since when the page is frozen, as text of the market's clock; null = it is not. @type {string | null} */
let frozenAt = null;
/** @type {Array<() => void>} */
const onChange = [];

/** Nothing may move, whatever arrives. */
export function isFrozen() {
  return frozenAt !== null;
}

export function frozenSince() {
  return frozenAt;
}

/** @param {string | null} since the time to show, null = the page goes on */
export function setFrozen(since) {
  frozenAt = since;
  onChange.forEach((fn) => fn());
}

/** Whether somebody can see the page move. */
export function isWatched() {
  return !document.hidden && frozenAt === null;
}

/** Tell `fn` when the page is shown, hidden, frozen or let go. @param {() => void} fn */
export function onWatched(fn) {
  onChange.push(fn);
}
document.addEventListener("visibilitychange", () => onChange.forEach((fn) => fn()));

/**
 * Call `fn` each `ms` milliseconds while the page is watched.
 * @param {number} ms
 * @param {() => void} fn
 */
export function every(ms, fn) {
  window.setInterval(() => {
    if (isWatched()) {
      fn();
    }
  }, ms);
}
