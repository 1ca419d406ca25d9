import assert from "node:assert/strict";
import { test } from "node:test";

import { inWords, parse, placeOf, same, stepped, toText } from "../../assets/core/setting.mjs";

/** @param {object} more @returns {import("../../assets/core/setting.mjs").Meta} */
const meta = (more) => ({ label: "", kind: "range", help: "", low: 0, high: 10, step: 0.25, default: 1, options: [], ...more });
const RANGE = meta({}), PORT = meta({ kind: "number", none: true, whole: true, step: 1, high: 65535 });

test("a typed number is read as a person writes it, and nothing else is guessed", () => {
  for (const [text, value] of /** @type {Array<[string, unknown]>} */ ([
    [" 1.5 ", 1.5], ["1,250,000", 1250000], ["−0.4", -0.4], [".5", 0.5], ["5.", 5], ["1 000", 1000],
    ["1,5", "1,5"], ["12,34", "12,34"], ["1e5", "1e5"], ["ab", "ab"], ["", ""], ["0x10", "0x10"],
  ])) {
    assert.equal(parse(RANGE, text), value, text);
  }
  assert.equal(parse(PORT, " "), null, "a box that may be empty says that there is none");
  assert.equal(parse(meta({ kind: "text" }), " 1.5 "), "1.5");
  assert.equal(parse(meta({ kind: "switch" }), true), true);
});

test("what a range's box shows is what it reads", () => {
  for (const value of [0, 0.25, 1, 9.75, -0.125, 1234567.5]) {
    assert.equal(parse(RANGE, toText(RANGE, value)), value);
  }
  assert.equal(toText(RANGE, 1234567.5), "1,234,567.50");
  assert.equal(toText(PORT, 7496), "7496", "a port is a name, not an amount");
  assert.equal(toText(PORT, null), "");
});

test("values in a sentence", () => {
  assert.equal(inWords(meta({ kind: "select", options: [["a", "All"], [0.3, "Some"]] }), 0.1 + 0.2), "Some");
  assert.deepEqual([true, false, null].map((value) => inWords(meta({ kind: "switch" }), value)), ["on", "off", "not set"]);
});

test("the same value, whatever the arithmetic", () => {
  assert.ok(same(0.1 + 0.2, 0.3));
  assert.ok(!same(0, false));
  assert.ok(!same("1", 1));
});

test("a step ends at the range's ends", () => {
  assert.deepEqual([stepped(RANGE, 9.9, 1), stepped(RANGE, 0.1, -1), stepped(RANGE, 0.1, 1)], [10, 0, 0.35]);
  assert.equal(placeOf(RANGE, 5), "calc(8px + (100% - 16px) * 0.5000)");
  assert.equal(placeOf(RANGE, 99), "calc(8px + (100% - 16px) * 1.0000)");
});
