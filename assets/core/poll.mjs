/**
 * The one poll: each 2 s, one at a time, only while somebody watches; at once when the page is opened or shown again.
 * An answer that is late, an error or nobody there shows as the server's silence (core/clock.mjs).
 */
import { onAddress, path } from "./address.mjs";
import { everyAnswer, isFrozen, isWatched, onWatched } from "./every.mjs";
import { apply, cursor, model } from "./model.mjs";
import { heard, pulse } from "./clock.mjs";
import { reloadNeeded } from "./reload.mjs";
import { onLoggedIn } from "./session.mjs";
import { BUILD_HEADER, FEED_PATH } from "./wire.mjs";

const TIMEOUT_MS = 12000;

/** @type {AbortController | null} */
let under = null;       // way
let again = false;      // asked for meanwhile
/** @type {string | null} */
let sight = null;       // the page and its parts on demand that are in sight

async function ask() {
  const stop = new AbortController();
  const timer = window.setTimeout(() => stop.abort(), TIMEOUT_MS);
  under = stop;
  try {
    const words = new URLSearchParams({ path: path() }), have = cursor();
    if (have !== null) {
      words.set("cursor", have);
    }
    if (sight !== null) {
      words.set("sight", sight);
    }
    const build = document.getElementById("shell-root")?.dataset.build ?? "";
    const response = await fetch(`${FEED_PATH}?${words}`, { signal: stop.signal, cache: "no-store", headers: { [BUILD_HEADER]: build } });
    await take(response, stop);
  } catch {
    if (under === stop) {
      pulse.failing = true;   // one that was given up for another page says nothing about the server
    }
  } finally {
    window.clearTimeout(timer);
    if (under === stop) {
      under = null;
    }
  }
}

/** @param {Response} response @param {AbortController} mine */
async function take(response, mine) {
  if (response.status === 409) {
    pulse.build = response.headers.get("X-QT-Build");
    reloadNeeded("This page is from another build.");
    return;
  }
  if (response.status === 401) {
    return;   // the login lies over the page
  }
  if (!response.ok) {
    pulse.failing = true;
    return;
  }
  const delta = response.status === 204 ? null : await response.json();
  if (under !== mine || isFrozen()) {
    return;   // for another page, or the page was frozen meanwhile: it is asked for again when it goes on
  }
  heard(response);
  if (delta) {
    apply(delta);
  }
}

async function run() {
  if (under) {
    again = true;
    return;
  }
  do {
    again = false;
    await ask();
  } while (again && !under && isWatched());
}

/** Ask at once, or when the answer that is under way has come. */
export function pollNow() {
  if (isWatched()) {
    void run();
  }
}

/**
 * The parts on demand (app/feed.py) that are in sight from now on; those not here yet come at once.
 * @param {string} page
 * @param {string[]} parts
 */
export function see(page, parts) {
  const text = [page, ...parts].join(" ");
  if (text === sight) {
    return;
  }
  sight = text;
  if (model.strip && parts.some((part) => !model[part])) {
    pollNow();
  }
}

/** Begin; the page's frame must be there. @param {number} everyMs */
export function startPolling(everyMs) {
  everyAnswer(everyMs, run);
  onWatched(pollNow);
  onLoggedIn(pollNow);
  onAddress(() => {
    under?.abort();
    under = null;
    sight = null;
    pollNow();
  });
  pollNow();
}
