/** A page without a browser: what assets/core asks of `window` and `document` at all. Import it before the module under test. */

/** Selectors that "are on the page", and the element that stands for each. @type {Map<string, any>} */
export const elements = new Map();
const seen = new EventTarget();

export const page = Object.assign(new EventTarget(), {
  hidden: false,
  documentElement: { dataset: /** @type {Record<string, string>} */ ({}) },
  querySelector: (/** @type {string} */ selector) => elements.get(selector) ?? null,
});

export const address = { pathname: "/" };

/** The tab is hidden or shown. @param {boolean} hidden */
export function setHidden(hidden) {
  page.hidden = hidden;
  page.dispatchEvent(new Event("visibilitychange"));
}

/** The user went to another page. @param {string} path */
export function goTo(path) {
  address.pathname = path;
  seen.dispatchEvent(new Event("popstate"));
}

Object.assign(globalThis, {
  document: page,
  window: {
    location: address,
    addEventListener: seen.addEventListener.bind(seen),
    setInterval: (/** @type {() => void} */ fn, /** @type {number} */ ms) => setInterval(fn, ms),
  },
});
