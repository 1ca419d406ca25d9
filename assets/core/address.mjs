/** Which page this is, and going to another one without loading the document again. */

const PUSHED = "_dashprivate_pushstate";   // what Dash's own links and location tell each other
let at = window.location.pathname;
/** @type {Array<() => void>} */
const listeners = [];

/** The path of the page that is shown. */
export function path() {
  return at;
}

/** Called when the browser has gone to another page. @param {() => void} fn */
export function onAddress(fn) {
  listeners.push(fn);
}

function look() {
  if (at !== window.location.pathname) {
    at = window.location.pathname;
    listeners.forEach((fn) => fn());
  }
}
window.addEventListener(PUSHED, look);
window.addEventListener("popstate", look);

/** @param {string} to a path of this program */
export function go(to) {
  if (to === window.location.pathname) {
    return;
  }
  window.history.pushState({}, "", to);
  window.dispatchEvent(new CustomEvent(PUSHED));
  window.scrollTo(0, 0);
}
