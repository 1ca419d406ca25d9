import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { leadsOn, mergeDelta } from "../../assets/core/merge.mjs";

const { deltas } = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf-8"));

for (const { name, before, after, delta } of deltas) {
  test(`Python's delta makes its view here: ${name}`, () => {
    const model = structuredClone(before);
    const changes = mergeDelta(model, delta);
    assert.deepEqual(model, after);
    const told = new Set(changes.map((change) => change.part));
    const touched = new Set([...Object.keys(delta.set ?? {}), ...Object.keys(delta.del ?? {}), ...(delta.drop ?? [])]);
    assert.deepEqual(told, touched, "who draws hears of what changed, and of nothing else");
  });
}

test("a whole view leaves nothing of the former one, and says what went", () => {
  const model = { strip: { a: 1, b: 2 }, "rows:old": { 7: { x: 1 } } };
  const changes = mergeDelta(model, { full: true, set: { strip: { b: 3 }, "tail:t": { 1: 1 } } });
  assert.deepEqual(model, { strip: { b: 3 }, "tail:t": { 1: 1 } });
  assert.deepEqual(changes.find(({ part }) => part === "rows:old")?.removed, ["7"]);
  assert.deepEqual(changes.find(({ part }) => part === "strip")?.removed, ["a"]);
});

test("a tail forgets its oldest points and never the newest", () => {
  const points = Object.fromEntries(Array.from({ length: 600 }, (_each, i) => [String(i + 1), i]));
  const model = { "tail:t": points };
  mergeDelta(model, { set: { "tail:t": { 601: 0, 602: 0 } } });
  const keys = Object.keys(model["tail:t"]);
  assert.equal(keys.length, 600);
  assert.deepEqual([keys[0], keys[599]], ["3", "602"]);
});

test("all of the model is changed before the first is told", () => {
  const model = { a: { x: 1 }, b: { x: 1 } };
  const changes = mergeDelta(model, { set: { a: { x: 2 }, b: { x: 2 } } });
  assert.deepEqual([model.a.x, model.b.x, changes.length], [2, 2, 2]);
});

test("only a delta from the cursor that is here leads on", () => {
  assert.ok(leadsOn({ since: "b.1", path: "/" }, "b.1", "/"));
  assert.ok(!leadsOn({ since: "b.1", path: "/" }, "b.2", "/"), "an answer that was overtaken");
  assert.ok(!leadsOn({ since: "b.1", path: "/" }, null, "/"), "the browser has nothing that it changes");
  assert.ok(leadsOn({ full: true, since: null, path: "/" }, "b.2", "/"), "a whole view needs nothing before it");
  assert.ok(!leadsOn({ full: true, path: "/lines" }, null, "/"), "another page's, however whole");
  assert.ok(leadsOn({ full: true, path: "" }, null, "/"));
});
