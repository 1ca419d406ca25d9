import assert from "node:assert/strict";
import { test } from "node:test";

import { hold, orderWords } from "../../assets/core/hold.mjs";

test("who stood stays, whoever comes is put at the end while there is room", () => {
  assert.deepEqual(hold([], ["c", "a", "b"], 3), { order: ["c", "a", "b"], fresh: 0, moved: false });
  assert.deepEqual(hold(["c", "a"], ["a", "b", "c"], 4), { order: ["c", "a", "b"], fresh: 0, moved: true });
});

test("who leaves keeps the place, who finds none is counted", () => {
  assert.deepEqual(hold(["a", "b", "c"], ["x", "b", "y"], 3), { order: ["a", "b", "c"], fresh: 2, moved: true });
  assert.deepEqual(hold(["a", "b"], [], 3), { order: ["a", "b"], fresh: 0, moved: true });
  assert.equal(orderWords(2), "New order, 2 new");
  assert.equal(orderWords(0), "New order");
});
