import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenOf, countOf, dayText, monthOn, monthText, shortNet, wordsOf } from "../../assets/pages/journal-query.mjs";

test("a link says what is chosen, and is read back the same", () => {
  const words = new URLSearchParams("symbol=BRK+B&from=2025-11-03&day=2025-11-10&x=1&side=");
  const chosen = chosenOf(words);
  assert.deepEqual(chosen, { symbol: "BRK B", from: "2025-11-03", day: "2025-11-10" });
  assert.deepEqual(chosenOf(wordsOf(chosen)), chosen);
  assert.equal(countOf(chosen), 2);
});

test("a change keeps the rest, and all is no word", () => {
  const chosen = { symbol: "AAPL", side: "long" };
  assert.equal(String(wordsOf(chosen, { side: "", tag: "gap & go" })), "symbol=AAPL&tag=gap+%26+go");
  assert.equal(String(wordsOf(chosen, { symbol: null, side: null })), "");
});

test("months go on over the year, days and months are told in words", () => {
  assert.equal(monthOn("2025-12", 1), "2026-01");
  assert.equal(monthOn("2025-01", -1), "2024-12");
  assert.equal(dayText("2025-11-10"), "Mon 10 Nov 2025");
  assert.equal(monthText("2025-11"), "November 2025");
  assert.equal(dayText("soon"), "soon");
});

test("an amount that a phone's calendar has no room for is told in thousands", () => {
  assert.deepEqual([0, 2671.5, -9999.4, 12_345, -99_960, -234_567, 1_250_000, -999_700, null].map(shortNet),
    ["0", "+2,672", "−9,999", "+12.3k", "−100k", "−235k", "+1.25M", "−1.00M", "–"]);
  assert.ok([9_999.49, 98_765, 999_499, 87_654_321].every((net) => shortNet(-net).length <= 6));
});
