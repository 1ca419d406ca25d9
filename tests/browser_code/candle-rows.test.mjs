/** Bars of a candle chart out of columns and polls. */
import assert from "node:assert/strict";
import test from "node:test";
import { barOf, follower, needed, pointsOf, renew, rowsOf } from "../../assets/core/candle-rows.mjs";

/** Minutes from 1,000,020 on whose third is missing; the clock is five hours behind. */
const base = (count = 4) => ({
  con: 1, tf: "1m", size: 60, stamp: "", at: 0, dec: 2, tick: 0.01, surge: 1.5, lens: [8, 21], zone: "ET",
  t: [1_000_020, 1, 2, ...Array(count - 3).fill(1)], ahead: [[0, -18_000]], again: [], cut: [0], src: "h".repeat(count), off: "",
  holes: [[982_140, 1]],
  ...Object.fromEntries(["o", "h", "lo", "c", "v", "f", "s", "w", "l"].map((key) => [key, Array(count).fill(100)])),
});

test("steps become times of the page's clock, and a missing bar an empty place", () => {
  const rows = rowsOf(base());
  assert.deepEqual(rows.map((row) => row.t), [982_020, 982_080, 982_200, 982_260]);
  const points = pointsOf(rows, base());
  assert.deepEqual(points.map((point) => [point.t, !!point.empty]),
    [[982_020, false], [982_080, false], [982_140, true], [982_200, false], [982_260, false]]);
  assert.deepEqual(rows.map((row) => row.hole), [false, true, false, false]);
});

test("what a signal needs is a multiple of the twenty bars before it, none of it unknown", () => {
  const rows = rowsOf(base(24));
  assert.equal(rows[19].n, null);
  assert.equal(rows[23].n, 150);
  rows[10].v = null;
  assert.equal(needed(rows, 23, 1.5), null);
});

test("a poll's bar renews its row and the averages, and says whether anything is new", () => {
  const rows = rowsOf(base()), before = rows[3], row = follower(982_320, "", before);
  assert.equal(renew(row, [100, 110, 100, 109, 5, "s"], before, [8, 21], { w: 101 }), true);
  assert.deepEqual([row.c, row.f, row.w], [109, 102, 101]);
  assert.equal(renew(row, [100, 110, 100, 109, 5, "s"], before, [8, 21], { w: 101 }), false);
});

test("a mark belongs to the bar that it is in, not to one of long ago", () => {
  const rows = rowsOf(base());
  assert.equal(barOf(rows, 982_230, 60), 982_200);
  assert.equal(barOf(rows, 982_260 + 120, 60), null);
});
