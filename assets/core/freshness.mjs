/** How old what is shown is, in numbers and words; counted here, so that nothing has to be sent for it. */
import * as fmt from "./format.mjs";
import { dataAge, heardUntil, now } from "./clock.mjs";
import { FRESH_S, LIVE_S } from "./wire.mjs";

const SOON_S = 8;   // a poll would have said so

/** `{s, from, since, of, word, text}`, the state of a card (app/rows/states.py). @typedef {Record<string, any>} State */

/** Ticks have stopped: nothing may come that says so. @param {State} value @returns {State} */
export function freshness(value) {
  const old = value.s === "live" && value.from !== undefined && heardUntil() - value.from > LIVE_S + SOON_S;
  return old ? { s: "stale", since: value.from, text: "No tick for more than a minute. Last values." } : value;
}

/** Of the oldest price that claims to be live; of the engine's own word where there is none. @param {State} value */
export function freshAge(value) {
  const beat = dataAge();
  return value.from === undefined ? beat : Math.max(0, beat || 0, now() - value.from);
}

/** "live · 0.4 s", "2 of 3 live · 4 s", "simulated live · 0.4 s", "current · 0.4 s", "delayed". @param {State} value */
export function freshWords(value) {
  const word = value.word || "live", count = value.of ? `${value.of[0]} of ${value.of[1]} ` : "";
  if (value.s === "marked") {
    return word;
  }
  const age = freshAge(value);
  return count + word + (age === null ? "" : ` · ${fmt.age(age)}`);
}

/** Whole seconds in words: "4 s", never "4.0 s". @param {number | null} seconds */
export function wholeAge(seconds) {
  return fmt.age(seconds === null ? null : Math.round(seconds)).replace(".0 s", " s");
}

/**
 * Seconds since a moment.
 * @param {number | null} at 0 = within the last 4 s when the engine last spoke; null = not known
 */
export function ageOf(at) {
  if (at === 0) {
    return Math.max(0, (dataAge() || 0) - FRESH_S);
  }
  return at ? Math.max(0, now() - at) : null;
}

/** @param {number | null} at */
export function ageText(at) {
  const age = ageOf(at);
  if (at === 0 && age === 0) {
    return `< ${FRESH_S} s`;
  }
  return fmt.age(at === 0 && age !== null ? Math.ceil(age + FRESH_S) : age).replace(".0 s", " s");
}

const AGE_STEPS = [[1, 2], [3, 1], [6, 0], [15, -1], [60, -2]];

/** Which of seven steps an age is, from 2 (within a second) down to -3. @param {number} seconds */
export function ageStep(seconds) {
  const found = AGE_STEPS.find(([limit]) => seconds < limit);
  return found ? found[1] : -3;
}
