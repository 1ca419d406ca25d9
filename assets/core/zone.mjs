/**
 * In which zone times are told: New York's, this computer's own, or UTC. Kept in the browser, said to the server by a cookie,
 * for each of its answers holds times (app/display_zone.py).
 */
import { ZONE_COOKIE } from "./wire.mjs";

/** @typedef {"new-york" | "own" | "utc"} Choice */

const KEPT_S = 400 * 86_400;
export const ZONE_KEY = "qt-zone";
export const NEW_YORK = "America/New_York";
/** @type {Choice[]} */
export const CHOICES = ["new-york", "own", "utc"];

/** The name of this computer's zone; a browser that does not know it says UTC. */
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** What was chosen. @param {Storage} store @returns {Choice} */
export function choiceOf(store) {
  const kept = /** @type {Choice | null} */ (store.getItem(ZONE_KEY));
  return kept && CHOICES.includes(kept) ? kept : "new-york";
}

/** The zone's name for a choice. @param {Choice} choice @param {string} own */
export function zoneOf(choice, own) {
  return choice === "own" ? own : choice === "utc" ? "UTC" : NEW_YORK;
}

/** The zone that this page tells times in. */
export const pageZone = () => zoneOf(choiceOf(window.localStorage), ownZone());

/** Say it to the server with every request from now on. */
export function sayZone() {
  document.cookie = `${ZONE_COOKIE}=${pageZone()}; path=/; max-age=${KEPT_S}; SameSite=Strict`;
}

/** @param {Choice} choice */
export function setZone(choice) {
  if (choice === "new-york") {
    window.localStorage.removeItem(ZONE_KEY);
  } else {
    window.localStorage.setItem(ZONE_KEY, choice);
  }
  sayZone();
}
