import assert from "node:assert/strict";
import { test } from "node:test";

import { address, elements, goTo, page } from "./page.mjs";

let loads = 0;
Object.assign(address, { reload: () => { loads += 1; } });
Object.assign(page, { querySelectorAll: () => [], getElementById: () => null, createTreeWalker: () => ({}), createComment: () => ({}) });
Object.assign(globalThis.window, { fetch: () => Promise.reject(new Error("none here")) });
await import("../../assets/core/account.mjs");
const { apply, get } = await import("../../assets/core/model.mjs");

let count = 0;

/** The feed says whose money it is; null = not known. @param {string | null} shown */
function says(shown) {
  count += 1;
  const since = count === 1 ? null : `c.${count - 1}`;
  apply({ path: address.pathname, page: "p", full: true, since, cursor: `c.${count}`, set: { strip: { shown } } });
}

test("another account's money is never put onto a page that was drawn for the former one", () => {
  elements.set("[data-qt-page]", { dataset: { qtPage: "p" } });
  says("DU***111");
  assert.deepEqual([get("strip.shown"), loads], ["DU***111", 0]);
  says(null);   // another gateway was chosen, and nobody has said yet whose account is there
  says("DU***111");
  assert.equal(loads, 0, "it is the same one");
  says(null);
  says("DU***222");
  assert.deepEqual([get("strip.shown"), loads], [null, 1], "loaded anew instead");
});

test("a page without money goes on", () => {
  goTo("/lines");
  says("DU***333");
  assert.deepEqual([get("strip.shown"), loads], ["DU***333", 1]);
});
