/**
 * Logged in or not: any answer 401 means that the session has ended, and any good one after it that there is one again,
 * wherever one has logged in. Who shows it is core/login.mjs.
 */
import { FEED_PATH, LOGIN_PATH } from "./wire.mjs";

/** @typedef {"password" | "link"} Way */

let isOut = false;
/** @type {Array<(ways: Way[]) => void>} */
const onOut = [];
/** @type {Array<() => void>} */
const onIn = [];

/** Told when the session has ended, with the ways to log in. @param {(ways: Way[]) => void} fn */
export function onLoggedOut(fn) {
  onOut.push(fn);
}

/** Told when there is one again. @param {() => void} fn */
export function onLoggedIn(fn) {
  onIn.push(fn);
}

/** There is a session, as an answer or the login here has shown. */
export function loggedIn() {
  if (isOut) {
    isOut = false;
    onIn.forEach((fn) => fn());
  }
}

/** @param {string} url @param {Response} response */
async function judge(url, response) {
  if (response.status === 401) {
    /** @type {{login?: Way[]}} */
    const { login } = await response.clone().json().catch(() => ({}));
    if (!isOut) {
      isOut = true;
      onOut.forEach((fn) => fn(login ?? []));
    }
  } else if (response.ok) {
    loggedIn();
    if (url.startsWith(FEED_PATH)) {
      document.documentElement.toggleAttribute("data-qt-session", response.headers.has("X-QT-Session"));
    }
  }
}

const before = window.fetch;
window.fetch = async function (resource, options) {
  const response = await before.call(this, resource, options);
  const url = typeof resource === "string" ? resource : resource instanceof URL ? resource.href : resource.url;
  if (!url.startsWith(LOGIN_PATH)) {   // which says itself what it thinks of a password
    await judge(url, response);
  }
  return response;
};
