import assert from "node:assert/strict";
import { test } from "node:test";

import { elements, goTo } from "./page.mjs";

const { apply, cursor, get, model, nodesChanged, onPart } = await import("../../assets/core/model.mjs");

/** The page's elements have come. @param {string} mark */
const laidOut = (mark) => { elements.set("[data-qt-page]", { dataset: { qtPage: mark } }); };

test("deltas add up, one that was overtaken counts for nothing", () => {
  laidOut("overview");
  apply({ path: "/", page: "overview", full: true, cursor: "b.1", set: { strip: { a: 1 }, "grid:p": { 7: { x: 1, y: 1 } } } });
  apply({ path: "/", page: "overview", since: "b.1", cursor: "b.2", set: { "grid:p": { 7: { x: 2 } } } });
  apply({ path: "/", page: "overview", since: "b.1", cursor: "b.9", set: { "grid:p": { 7: { x: 9 } } } });
  assert.deepEqual(model["grid:p"], { 7: { x: 2, y: 1 } });
  assert.deepEqual([cursor(), get("strip.a"), get("strip.b"), get("none.b")], ["b.2", 1, undefined, undefined]);
});

test("on another page nothing of the former one stays, and no late answer for it counts", () => {
  /** @type {string[]} */
  const told = [];
  onPart("grid", (name, _changed, removed) => { told.push(`${name} -${removed}`); });
  goTo("/lines");
  assert.deepEqual([model["grid:p"], get("strip.a"), cursor()], [undefined, 1, null]);
  assert.deepEqual(told, ["p -7"]);
  apply({ path: "/", page: "overview", full: true, cursor: "b.3", set: { strip: { a: 1 }, "grid:p": { 7: { x: 3 } } } });
  assert.equal(model["grid:p"], undefined);
});

test("values that come before their page's elements wait for them; the strip does not", () => {
  apply({ path: "/lines", page: "lines", full: true, cursor: "b.4", set: { strip: { a: 2 }, "grid:l": { 1: { x: 1 } } } });
  assert.deepEqual([get("strip.a"), model["grid:l"], cursor()], [2, undefined, null]);
  laidOut("lines");
  nodesChanged();
  assert.deepEqual([model["grid:l"], cursor()], [{ 1: { x: 1 } }, "b.4"]);
});
