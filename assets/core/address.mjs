/** Which page this is, and going to another one without loading the document again. */

const PUSHED = "_dashprivate_pushstate";   // what Dash's own links and location tell each other
const WHOLE = "/charts";   // the page whose symbols stand behind "?" in the address
let at = here();
let part = window.location.hash;
let words = window.location.search;
/** @type {Array<() => void>} */
const listeners = [];
/** @type {Array<() => void>} */
const hashListeners = [];
/** @type {Array<() => void>} */
const queryListeners = [];

/** Path and, where it says what the page is about, query. */
function here() {
  const { pathname, search } = window.location;
  return pathname === WHOLE ? pathname + search : pathname;
}

/** The path of the page that is shown. */
export function path() {
  return at;
}

/** Called when the browser has gone to another page. @param {() => void} fn */
export function onAddress(fn) {
  listeners.push(fn);
}

/** What stands behind "#" in the address: a part of the page. */
export function hash() {
  return window.location.hash.slice(1);
}

/** What stands behind "?" in the address: what of the page is chosen. */
export function query() {
  return new URLSearchParams(window.location.search);
}

/** Called when that has changed and the page is the same. @param {() => void} fn */
export function onQuery(fn) {
  queryListeners.push(fn);
}

/** Called when the address names another part of the page. @param {() => void} fn */
export function onHash(fn) {
  hashListeners.push(fn);
}

function look() {
  const { hash: now, search } = window.location, isSame = at === here();
  if (!isSame) {
    at = here();
    listeners.forEach((fn) => fn());
  }
  if (part !== now) {
    part = now;
    hashListeners.forEach((fn) => fn());
  }
  if (words !== search) {
    words = search;
    if (isSame) {
      queryListeners.forEach((fn) => fn());
    }
  }
}
window.addEventListener(PUSHED, look);
window.addEventListener("popstate", look);
window.addEventListener("hashchange", look);

/** Name another part of the page. @param {string} key "" = none @param {boolean} [instead] in the place of this address */
export function goHash(key, instead = false) {
  const { pathname, search } = window.location, to = pathname + search + (key ? `#${key}` : "");
  window.history[instead ? "replaceState" : "pushState"](window.history.state, "", to);
  look();
}

/** Choose something of the page. @param {URLSearchParams} chosen @param {boolean} [instead] in the place of this address */
export function goQuery(chosen, instead = false) {
  const { pathname, hash: now } = window.location, text = String(chosen);
  window.history[instead ? "replaceState" : "pushState"](window.history.state, "", pathname + (text ? `?${text}` : "") + now);
  look();
}

/** @param {string} to a path of this program */
export function go(to) {
  const { pathname, search, hash: now } = window.location, target = new URL(to, window.location.origin);
  if (target.pathname === pathname && target.search === search && (target.hash || "#") === (now || "#")) {
    return;
  }
  window.history.pushState({}, "", to);
  window.dispatchEvent(new CustomEvent(PUSHED));
  window.scrollTo(0, 0);
}
