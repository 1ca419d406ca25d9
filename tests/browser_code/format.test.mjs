import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as fmt from "../../assets/core/format.mjs";

const { formats } = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf-8"));

test("numbers, ages and names are written as Python writes them", () => {
  for (const [name, values, text] of formats) {
    assert.equal(/** @type {any} */ (fmt)[name](...values), text, `${name}(${values})`);
  }
});

test("a value that rounds to nothing has no tone", () => {
  assert.equal(fmt.tone(-0.001), "flat");
  assert.equal(fmt.tone(-0.005), "loss");
  assert.equal(fmt.tone(null), "flat");
});
