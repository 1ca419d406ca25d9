import assert from "node:assert/strict";
import { mock, test } from "node:test";

import "./page.mjs";

mock.timers.enable({ apis: ["setInterval"] });
const { placeOf } = await import("../../assets/core/tip.mjs");
const VIEW = { width: 390, height: 800 }, TIP = { width: 200, height: 60 };
const cell = (/** @type {number} */ left, /** @type {number} */ top) => ({ left, right: left + 40, top, bottom: top + 40 });

test("words stand above their cell, below it at the top of the window, and never over an edge", () => {
  assert.deepEqual(placeOf(cell(180, 300), TIP, VIEW), { left: 100, top: 234 });
  assert.deepEqual(placeOf(cell(180, 20), TIP, VIEW), { left: 100, top: 66 });
  assert.equal(placeOf(cell(0, 300), TIP, VIEW).left, 8);
  assert.equal(placeOf(cell(350, 300), TIP, VIEW).left, 182);
  assert.equal(placeOf({ left: 0, right: 40, top: 0, bottom: 790 }, TIP, VIEW).top, 732, "a tall cell still has its words in sight");
});
