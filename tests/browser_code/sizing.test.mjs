import assert from "node:assert/strict";
import { test } from "node:test";

import { atrStop, onTick, sizeOf } from "../../assets/core/sizing.mjs";

/** @type {import("../../assets/core/sizing.mjs").Facts} */
const SHARE = { cur: "USD", base: "USD", rate: 1, perPoint: 1, step: 1, tick: 0.01, net: 184_311.46, excess: 96_204.18,
  volume: 21_000_000, margin: [0.5, 0.5] };
const NQ = { ...SHARE, perPoint: 20, tick: 0.25, volume: 590_000, margin: /** @type {[null, null]} */ ([null, null]) };

/** @param {any} ask @param {any} facts */
function sized(ask, facts) {
  const { size, problems } = sizeOf(ask, facts);
  assert.deepEqual(problems, []);
  return /** @type {import("../../assets/core/sizing.mjs").Size} */ (size);
}
/** @param {number} value */
const money = (value) => ({ kind: "money", value });
/** @param {number} value */
const pct = (value) => ({ kind: "pct", value });

test("sizes by hand: money of a point, magnifier, currency, lots, fractions", () => {
  const cases = [
    /* what, ask, facts, units, risked in the account's money */
    ["shares", { side: "long", risk: money(500), entry: 408.08, stop: 402 }, SHARE, 82, 498.56],
    ["a per cent of net liquidation", { side: "long", risk: pct(1), entry: 408.08, stop: 402.08 }, SHARE, 307, 1842],
    ["a short", { side: "short", risk: money(500), entry: 50, stop: 51.5 }, SHARE, 333, 499.5],
    ["an index future, 20 dollars a point", { side: "long", risk: money(1000), entry: 25_000.25, stop: 24_985.25 }, NQ, 3, 900],
    ["wheat in cents, 5,000 bushels", { side: "long", risk: money(1000), entry: 448.25, stop: 440.25 },
      { ...NQ, perPoint: 50, tick: 0.25 }, 2, 800],
    ["a London share in pence for an account in euros", { side: "long", risk: money(200), entry: 71.84, stop: 70.84 },
      { ...SHARE, cur: "GBP", base: "EUR", rate: 1.137, perPoint: 0.01, tick: 0.02 }, 17_590, 199.9983],
    ["a board lot of 100", { side: "long", risk: money(1000), entry: 20, stop: 19 }, { ...SHARE, step: 100 }, 1000, 1000],
    ["less than a lot is nothing", { side: "long", risk: money(99), entry: 20, stop: 19 }, { ...SHARE, step: 100 }, 0, 0],
    ["a fraction of a bitcoin", { side: "long", risk: money(100), entry: 103_250.5, stop: 100_250.5 },
      { ...SHARE, step: 0.00000001, tick: 0.25 }, 0.03333333, 99.99999],
    ["an option, 100 a point", { side: "long", risk: money(300), entry: 1, stop: 0.5 }, { ...SHARE, perPoint: 100, tick: 0.05 }, 6, 300],
    ["crude below zero", { side: "long", risk: money(1000), entry: -5, stop: -5.5 }, { ...NQ, perPoint: 1000, tick: 0.01 }, 2, 1000],
  ];
  for (const [what, ask, facts, units, risked] of cases) {
    const size = sized(ask, facts);
    assert.equal(size.units, units, String(what));
    assert.ok(Math.abs(size.risked - Number(risked)) < 1e-4, `${what}: ${size.risked}`);
  }
});

test("what is shown beside a size is of that size", () => {
  const size = sized({ side: "long", risk: money(500), entry: 408.08, stop: 402 }, SHARE);
  assert.equal(size.notional, 82 * 408.08);
  assert.equal(size.margin, 82 * 408.08 * 0.5);
  assert.ok(Math.abs(Number(size.netPct) - 18.1554) < 1e-3);
  assert.ok(Math.abs(Number(size.volumePct) - 82 / 210_000) < 1e-9);
  assert.equal(sized({ side: "long", risk: money(1000), entry: 25_000.25, stop: 24_985.25 }, NQ).margin, null, "not known, not 0");
  const pounds = { ...SHARE, cur: "GBP", rate: 1.25, perPoint: 0.01 };
  const other = sized({ side: "short", risk: money(1000), entry: 70, stop: 72 }, pounds);
  assert.equal(other.notionalBase, other.notional * 1.25);
  assert.equal(other.marginBase, Number(other.margin) * 1.25);
});

test("why there is no size is said in words", () => {
  const ask = { side: /** @type {"long"} */ ("long"), risk: /** @type {any} */ (money(500)), entry: 10, stop: 9 };
  assert.match(sizeOf({ ...ask, stop: 10 }, SHARE).problems.join(" "), /below its entry/);
  assert.match(sizeOf({ ...ask, side: "short" }, SHARE).problems.join(" "), /above its entry/);
  assert.match(sizeOf({ ...ask, risk: /** @type {any} */ (money(0)) }, SHARE).problems.join(" "), /more than nothing/);
  assert.match(sizeOf({ ...ask, risk: /** @type {any} */ (money(NaN)) }, SHARE).problems.join(" "), /more than nothing/);
  assert.match(sizeOf({ ...ask, entry: NaN }, SHARE).problems.join(" "), /no price/);
  assert.match(sizeOf({ ...ask, stop: NaN }, SHARE).problems.join(" "), /Give a stop/);
  assert.match(sizeOf(ask, { ...SHARE, rate: null, cur: "JPY" }).problems.join(" "), /exchange rate for JPY/);
  assert.match(sizeOf(ask, { ...SHARE, perPoint: null }).problems.join(" "), /details have not come/);
  assert.match(sizeOf({ ...ask, risk: /** @type {any} */ (pct(1)) }, { ...SHARE, net: null }).problems.join(" "), /risk in money/);
  assert.match(sizeOf({ ...ask, stop: 9.999 }, { ...SHARE, tick: 0.25 }).problems.join(" "), /^$/, "9.75 on the tick");
});

test("all that is wrong is said at once, in the order of the form", () => {
  const { problems } = sizeOf({ side: "long", risk: /** @type {any} */ (pct(0)), entry: NaN, stop: NaN }, { ...SHARE, net: null, rate: null });
  assert.deepEqual(problems.map((words) => words.split(" ").slice(0, 3).join(" ")),
    ["Give what may", "The net liquidation", "There is no", "Give a stop.", "The account has"]);
});

test("a stop lies on the ticks, away from the entry", () => {
  assert.equal(onTick(402.017, "long", 0.01), 402.01);
  assert.equal(onTick(402.011, "short", 0.01), 402.02);
  assert.equal(onTick(402.01, "long", 0.01), 402.01, "on a tick it stays");
  assert.equal(onTick(402.01, "short", 0.01), 402.01);
  assert.equal(onTick(24_985.3, "long", 0.25), 24_985.25);
  assert.equal(onTick(0.00654321, "short", 0.0000005), 0.0065435);
  assert.equal(onTick(5.5, "long", null), 5.5);
  assert.equal(onTick(-5.005, "long", 0.01), -5.01);
  assert.equal(atrStop("long", 100, 2, 1.5), 97);
  assert.equal(atrStop("short", 100, 2, 1.5), 103);
});

/** Numbers that are the same at each run. @param {number} seed */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test("for any ask: never more than was asked is at risk, and one step more would be too much", () => {
  const roll = dice(12);
  /** @param {any[]} of */
  const pick = (of) => of[Math.floor(roll() * of.length)];
  let priced = 0;
  for (let n = 0; n < 20_000; n += 1) {
    const tick = pick([0.01, 0.25, 0.05, 0.0000005, 0.02, 0.1, null]);
    const price = Math.max(tick ?? 0.01, 10 ** (roll() * 8 - 3)), side = pick(["long", "short"]);
    const facts = { cur: "GBP", base: "EUR", rate: 10 ** (roll() * 4 - 2), perPoint: pick([1, 0.01, 20, 50, 100, 1000, 12_500_000]),
      step: pick([1, 1, 100, 10, 0.0001, 0.00000001]), tick, net: 10 ** (2 + roll() * 6), excess: null, volume: 10 ** (roll() * 9),
      margin: /** @type {[number, null]} */ ([0.5, null]) };
    const risk = roll() < 0.5 ? money(10 ** (roll() * 7 - 1)) : pct(roll() * 5 + 0.001);
    const stop = price * (1 + (side === "long" ? -1 : 1) * (0.0001 + roll() * 0.5));
    const { size, problems } = sizeOf({ side, risk: /** @type {any} */ (risk), entry: price, stop }, facts);
    if (size === null) {
      assert.notEqual(problems.length, 0);
      continue;
    }
    priced += 1;
    const budget = risk.kind === "money" ? risk.value : (facts.net * risk.value) / 100;
    const each = Math.abs(price - size.stop) * facts.perPoint * facts.rate, what = JSON.stringify({ side, risk, price, stop, facts, size });
    assert.ok(size.units >= 0 && size.risked <= budget * (1 + 1e-12), what);
    assert.ok((size.units + facts.step) * each > budget * (1 - 1e-6), what);
    const steps = size.units / facts.step;
    assert.ok(Math.abs(steps - Math.round(steps)) <= Math.max(1e-4, steps * 1e-15), what);
    assert.ok(side === "long" ? size.stop <= stop + 1e-9 * price : size.stop >= stop - 1e-9 * price, what);
    assert.ok(Math.abs(size.notionalBase - size.notional * facts.rate) <= 1e-9 * size.notionalBase, what);
  }
  assert.ok(priced > 15_000, `${priced} priced`);
});

test("twice the money never buys less, a wider stop never more", () => {
  const roll = dice(7);
  for (let n = 0; n < 5_000; n += 1) {
    const entry = 1 + roll() * 500, gap = 0.02 + roll() * 0.3 * entry, risk = 10 ** (roll() * 5);
    const at = (/** @type {number} */ value, /** @type {number} */ wide) =>
      sized({ side: "short", risk: money(value), entry, stop: entry + wide }, SHARE).units;
    assert.ok(at(2 * risk, gap) >= at(risk, gap));
    assert.ok(at(risk, 2 * gap) <= at(risk, gap));
  }
});
