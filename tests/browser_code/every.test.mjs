import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { setHidden } from "./page.mjs";

const { every, everyAnswer, frozenSince, isWatched, onWatched, setFrozen } = await import("../../assets/core/every.mjs");

beforeEach(() => {
  setHidden(false);
  setFrozen(null);
});
mock.timers.enable({ apis: ["setInterval"] });   // once: one interval beats for all that is registered

test("a timer runs while somebody watches", () => {
  let count = 0;
  every(1000, () => { count += 1; });
  mock.timers.tick(3000);
  assert.equal(count, 3);
});

test("none runs in a hidden tab, and it goes on when the tab is shown", () => {
  let count = 0;
  every(1000, () => { count += 1; });
  setHidden(true);
  mock.timers.tick(5000);
  assert.equal(count, 0);
  setHidden(false);
  mock.timers.tick(1000);
  assert.equal(count, 1);
});

test("none moves a frozen page", () => {
  let count = 0;
  every(1000, () => { count += 1; });
  setFrozen("09:31:07");
  assert.equal(frozenSince(), "09:31:07");
  mock.timers.tick(5000);
  assert.equal(count, 0);
  setFrozen(null);
  mock.timers.tick(1000);
  assert.equal(count, 1);
});

test("who wants to know hears of both, and of the way back", () => {
  /** @type {boolean[]} */
  const heard = [];
  onWatched(() => { heard.push(isWatched()); });
  setFrozen("09:31:07");
  setFrozen(null);
  setHidden(true);
  setHidden(false);
  assert.deepEqual(heard, [false, true, false, true]);
});

test("all timers of whole seconds beat together, each at its own count", () => {
  /** @type {string[]} */
  const heard = [];
  every(2000, () => { heard.push("two"); });
  every(3000, () => { heard.push("three"); });
  mock.timers.tick(6000);
  assert.deepEqual(heard, ["two", "three", "two", "two", "three"]);
});

test("what is drawn on the beat of a question waits for its answer, but not for ever", async () => {
  /** @type {string[]} */
  const seen = [];
  /** @type {() => void} */
  let answer = () => undefined;
  /** @type {Array<() => void>} */
  const patience = [];
  Object.assign(globalThis.window, { setTimeout: (/** @type {() => void} */ fn) => patience.push(fn) });
  every(1000, () => { seen.push("drawn"); });
  everyAnswer(2000, () => {
    seen.push("asked");
    return new Promise((resolve) => { answer = () => resolve(undefined); }).then(() => { seen.push("taken"); });
  });
  const settled = () => new Promise((resolve) => { setImmediate(resolve); });
  mock.timers.tick(1000);
  assert.deepEqual(seen, ["drawn"]);
  mock.timers.tick(1000);
  await settled();
  assert.deepEqual(seen, ["drawn", "asked"]);
  answer();
  await settled();
  assert.deepEqual(seen, ["drawn", "asked", "taken", "drawn"]);
  mock.timers.tick(2000);
  await settled();
  assert.deepEqual(seen.slice(4), ["drawn", "asked"]);
  patience.forEach((fn) => fn());   // no answer comes
  await settled();
  assert.deepEqual(seen.slice(4), ["drawn", "asked", "drawn"]);
});
