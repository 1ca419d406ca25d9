import assert from "node:assert/strict";
import { test } from "node:test";

import { choiceOf, CHOICES, zoneOf } from "../../assets/core/zone.mjs";

/** @param {string | null} kept */
const store = (kept) => /** @type {Storage} */ (/** @type {unknown} */ ({ getItem: () => kept }));

test("New York unless another zone was chosen, whatever a store holds", () => {
  assert.equal(choiceOf(store(null)), "new-york");
  assert.equal(choiceOf(store("own")), "own");
  assert.equal(choiceOf(store("Europe/Berlin")), "new-york", "only what this program writes");
});

test("a choice is a zone", () => {
  assert.deepEqual(CHOICES.map((choice) => zoneOf(choice, "Europe/Berlin")), ["America/New_York", "Europe/Berlin", "UTC"]);
});
