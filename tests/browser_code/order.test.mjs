import assert from "node:assert/strict";
import { test } from "node:test";

import { putInOrder, risingMost } from "../../assets/core/dom.mjs";

/** As much of an element as the order of its children needs; counts what is moved. */
class Parent {
  /** @param {string[]} names */
  constructor(names) {
    this.moved = 0;
    /** @type {Child[]} */
    this.children = [];
    names.forEach((name) => this.children.push(new Child(this, name)));
  }

  get firstElementChild() {
    return this.children[0] ?? null;
  }

  /** @param {Child} child @param {Child | null} before */
  insertBefore(child, before) {
    this.moved += 1;
    const old = this.children.indexOf(child);
    if (old >= 0) {
      this.children.splice(old, 1);
    }
    child.parent = this;
    this.children.splice(before === null ? this.children.length : this.children.indexOf(before), 0, child);
  }

  /** @param {string} names */
  order(names) {
    const known = new Map(this.children.map((child) => [child.name, child]));
    const wanted = Array.from(names, (name) => known.get(name) ?? new Child(this, name));
    putInOrder(/** @type {any} */ (this), /** @type {any} */ (wanted));
    return this.children.map(({ name }) => name).join("");
  }
}

class Child {
  /** @param {Parent} parent @param {string} name */
  constructor(parent, name) {
    this.parent = parent;
    this.name = name;
  }

  get nextElementSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }
}

test("one that changes its place is the only one that is moved", () => {
  for (const [wanted, most] of /** @type {Array<[string, number]>} */ ([["ABCDE", 0], ["EABCD", 1], ["BCDEA", 1], ["ACDBE", 1],
    ["XABCDE", 1], ["ABXCDE", 1], ["EDCBA", 4]])) {
    const parent = new Parent(["A", "B", "C", "D", "E"]);
    assert.equal(parent.order(wanted), wanted);
    assert.equal(parent.moved, most, wanted);
  }
});

test("any order comes out of any other", () => {
  const names = "ABCDEFG".split("");
  for (let seed = 1; seed < 400; seed += 1) {
    const parent = new Parent(names);
    const wanted = [...names].sort((a, b) => Math.sin(seed * a.charCodeAt(0)) - Math.sin(seed * b.charCodeAt(0))).join("");
    assert.equal(parent.order(wanted), wanted);
    assert.ok(parent.moved < names.length);
  }
});

test("the most that rise already", () => {
  assert.deepEqual([...risingMost([4, 0, 1, 2, 3])].sort(), [0, 1, 2, 3]);
  assert.equal(risingMost([]).size, 0);
});
