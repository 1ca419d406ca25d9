/** The looks as a file: what goes out, what comes in, what is none of ours. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { chosen, fileText, fromFile, replaceAll } from "../../assets/core/display-file.mjs";

class Store {
  #values = new Map();
  get length() { return this.#values.size; }
  key(i) { return [...this.#values.keys()][i] ?? null; }
  getItem(key) { return this.#values.get(key) ?? null; }
  setItem(key, value) { this.#values.set(key, String(value)); }
  removeItem(key) { this.#values.delete(key); }
}

function filled() {
  const store = new Store();
  store.setItem("qt-columns.positions-grid", "{\"v\":1}");
  store.setItem("qt-density", "compact");
  store.setItem("qt-zone", "own");
  store.setItem("qt-last-symbol", "9");
  store.setItem("_dash_persistence.symbol-layers.value.symbol", "[[\"ema\"]]");
  store.setItem("somebody-elses", "x");
  return store;
}

test("only choices of the looks go out, and they come in again", () => {
  const out = fromFile(fileText(chosen(filled())));
  assert.deepEqual(Object.keys(out), ["_dash_persistence.symbol-layers.value.symbol", "qt-columns.positions-grid", "qt-density", "qt-zone"]);
  const other = new Store();
  other.setItem("qt-columns.lines-grid", "old");
  other.setItem("somebody-elses", "stays");
  replaceAll(other, out);
  assert.deepEqual(chosen(other), out);
  assert.equal(other.getItem("somebody-elses"), "stays");
});

test("what is no file of ours is refused in words", () => {
  const values = { "qt-density": "compact" };
  assert.match(fromFile("{"), /no JSON/);
  assert.match(fromFile("null"), /no file of display settings/);
  assert.match(fromFile(JSON.stringify({ format: "other", version: 1, values })), /no file of display settings/);
  assert.match(fromFile(JSON.stringify({ format: "qtrade-display", version: 2, values })), /version 2/);
  assert.match(fromFile(JSON.stringify({ format: "qtrade-display", version: 1, values: { "qt-density": 7 } })), /no page writes/);
  assert.deepEqual(fromFile(JSON.stringify({ format: "qtrade-display", version: 1, values: { ...values, evil: "1" } })), values);
});
