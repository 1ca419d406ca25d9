import assert from "node:assert/strict";
import { test } from "node:test";

const { choiceOf, choiceText, noChoice, widths } = await import("../../assets/core/columns.mjs");

const column = (id, need, more = {}) => ({ id, need, least: 0, cut: false, grow: 0, leaves: 0, ...more });
const NAME = column("name", 200, { cut: true, least: 90, grow: 3 });
const LAST = column("last", 80, { grow: 1 });
const COST = column("cost", 120, { leaves: 1 });
const MARK = column("mark", 70, { leaves: 2 });
const AGE = column("age", 50, { leaves: 1 });
const ALL = [NAME, LAST, COST, MARK, AGE];
const sum = (given) => Object.values(given).reduce((px, width) => px + (width ?? 0), 0);

test("room that is left over goes to the columns that grow, none is lost", () => {
  const given = widths(ALL, noChoice(), 600);
  assert.deepEqual(given, { name: 260, last: 100, cost: 120, mark: 70, age: 50 });
});

test("a name is cut before a number is, and no more than it must be", () => {
  assert.deepEqual(widths(ALL, noChoice(), 450), { name: 130, last: 80, cost: 120, mark: 70, age: 50 });
});

test("where even that does not do, the spare columns leave first, then the last", () => {
  assert.deepEqual(widths(ALL, noChoice(), 400), { name: 150, last: 80, cost: 120, mark: null, age: 50 });
  assert.deepEqual(widths(ALL, noChoice(), 300), { name: 100, last: 80, cost: 120, mark: null, age: null });
  assert.deepEqual(widths(ALL, noChoice(), 170), { name: 90, last: 80, cost: null, mark: null, age: null });
});

test("no number has less than it needs, and no room is left over or exceeded, at any width", () => {
  for (let room = 170; room < 1500; room += 1) {
    const given = widths(ALL, noChoice(), room);
    assert.equal(sum(given), room);
    ALL.filter((one) => !one.cut && given[one.id] !== null).forEach((one) => assert.ok(given[one.id] >= one.need));
  }
});

test("what a person chose holds: a width, a hidden column, one that stays", () => {
  const choice = { width: { last: 140 }, hide: { cost: true, mark: false }, sort: null };
  const given = widths(ALL, choice, 360);
  assert.deepEqual(given, { name: 100, last: 140, cost: null, mark: 70, age: 50 });
  assert.equal(widths(ALL, choice, 310).age, null);
  assert.equal(widths(ALL, choice, 310).mark, 70);
});

test("a choice is read as it was kept; another version or rubbish is none", () => {
  const choice = { width: { last: 140 }, hide: { cost: true }, sort: { id: "last", dir: "desc" } };
  assert.deepEqual(choiceOf(choiceText(choice)), choice);
  for (const text of [null, "", "[]", "{", "{\"v\":0,\"width\":{\"last\":1}}"]) {
    assert.deepEqual(choiceOf(text), noChoice());
  }
});
