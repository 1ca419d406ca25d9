import assert from "node:assert/strict";
import { test } from "node:test";

import { ownOf, withOwn } from "../../assets/core/size-draft.mjs";

/** @param {Partial<import("../../assets/core/size-draft.mjs").Own>} more @returns {import("../../assets/core/size-draft.mjs").Own} */
const own = (more) => ({ side: "long", entry: "", price: "", level: "", ...more });

test("a symbol's stop is there again after a reload, and another symbol has its own", () => {
  let kept = withOwn(null, 1, own({ side: "short", price: "412.50" }));
  kept = withOwn(kept, 2, own({ entry: "25,000", level: "VWAP" }));
  kept = withOwn(kept, 1, own({ side: "short", price: "413" }));
  assert.deepEqual(ownOf(kept, 1), own({ side: "short", price: "413" }));
  assert.deepEqual(ownOf(kept, 2), own({ entry: "25,000", level: "VWAP" }));
  assert.deepEqual(ownOf(kept, 3), own({}));
  assert.equal(withOwn(withOwn(null, 1, own({ price: "4" })), 1, own({})), "[]", "what was emptied is not kept");
});

test("the store stays small, and whatever it holds is no fault", () => {
  let kept = /** @type {string | null} */ (null);
  for (let con = 1; con <= 80; con += 1) {
    kept = withOwn(kept, con, own({ price: String(con) }));
  }
  assert.deepEqual([ownOf(kept, 30).price, ownOf(kept, 31).price, ownOf(kept, 80).price], ["", "31", "80"]);
  for (const odd of ["{", "7", "[1]", "[[1]]", "[[1,{}]]", '[[1,{"entry":1,"price":"","level":""}]]', "[[\"x\",null]]"]) {
    assert.deepEqual(ownOf(odd, 1), own({}), odd);
    assert.equal(JSON.parse(withOwn(odd, 2, own({ price: "5" }))).length, 1, odd);
  }
});
