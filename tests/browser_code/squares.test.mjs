import assert from "node:assert/strict";
import { test } from "node:test";

import { squares } from "../../assets/core/squares.mjs";

test("the example of the paper: areas by value, proportions near to a square", () => {
  const values = [6, 6, 4, 3, 2, 2, 1], boxes = squares(values, 6, 4);
  boxes.forEach(({ w, h }, i) => assert.ok(Math.abs(w * h - values[i]) < 1e-9, `tile ${i}`));
  assert.deepEqual(boxes[0], { x: 0, y: 0, w: 3, h: 2 });
  assert.deepEqual(boxes[1], { x: 0, y: 2, w: 3, h: 2 });
  assert.ok(boxes.every(({ w, h }) => Math.max(w / h, h / w) <= 3));
});

test("for any values tiles fill their place and none lies on another", () => {
  let state = 7;
  const roll = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let n = 0; n < 300; n += 1) {
    const values = Array.from({ length: 1 + Math.floor(roll() * 40) }, () => 10 ** (roll() * 4)).sort((a, b) => b - a);
    const [width, height] = [50 + roll() * 900, 50 + roll() * 400], boxes = squares(values, width, height);
    const whole = values.reduce((a, b) => a + b, 0);
    boxes.forEach(({ x, y, w, h }, i) => {
      assert.ok(Math.abs(w * h - (values[i] / whole) * width * height) < 1e-6 * width * height);
      assert.ok(x >= -1e-6 && y >= -1e-6 && x + w <= width + 1e-6 && y + h <= height + 1e-6);
      boxes.slice(0, i).forEach((other) => assert.ok(x + w <= other.x + 1e-6 || other.x + other.w <= x + 1e-6
        || y + h <= other.y + 1e-6 || other.y + other.h <= y + 1e-6));
    });
  }
  assert.deepEqual(squares([], 10, 10), []);
  assert.equal(squares([1], 0, 0).length, 1, "a place without a size is no fault");
});
