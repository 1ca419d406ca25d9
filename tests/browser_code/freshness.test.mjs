import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { setHidden } from "./page.mjs";

const clock = await import("../../assets/core/clock.mjs");
const fresh = await import("../../assets/core/freshness.mjs");
const { DEAD_S, FRESH_S, LATE_S, LIVE_S } = await import("../../assets/core/wire.mjs");

const NOW = 1_790_000_000;

/** The server has just said what time it is, and how old the engine's heartbeat was. @param {number | null} beat */
function heardOf(beat) {
  Object.assign(clock.pulse, { now: NOW, perf: performance.now(), beat, failing: false });
}
beforeEach(() => heardOf(0.2));

test("the age of the data is counted on here", () => {
  Object.assign(clock.pulse, { perf: performance.now() - 3000 });
  assert.ok(Math.abs((clock.dataAge() ?? 0) - 3.2) < 0.2);
  assert.ok(Math.abs(clock.now() - NOW - 3) < 0.2);
});

test("the engine is silent by the limits that Python names", () => {
  for (const [beat, trouble] of /** @type {Array<[number | null, string | null]>} */ ([
    [null, null], [LATE_S - 1, null], [LATE_S + 0.5, "late"], [DEAD_S - 1, "late"], [DEAD_S + 0.5, "dead"],
  ])) {
    heardOf(beat);
    assert.equal(clock.trouble(), trouble, `heartbeat ${beat} s old`);
  }
});

test("a price that is too old claims no more to be live", () => {
  assert.equal(fresh.freshness({ s: "live", from: NOW - LIVE_S }).s, "live", "the next poll would say so");
  assert.equal(fresh.freshness({ s: "live", from: NOW - LIVE_S - 9 }).s, "stale");
  assert.equal(fresh.freshness({ s: "marked", from: NOW - 9000 }).s, "marked", "what is marked claims nothing");
});

test("states in words", () => {
  assert.match(fresh.freshWords({ s: "live" }), /^live · 0\.[23] s$/);
  assert.match(fresh.freshWords({ s: "live", from: NOW - 4, of: [2, 3] }), /^2 of 3 live · 4\.\d s$/);
  assert.equal(fresh.freshWords({ s: "marked", word: "delayed" }), "delayed");
});

test("an age of nought says that it is young, never how young", () => {
  assert.equal(fresh.ageText(0), `< ${FRESH_S} s`);
  heardOf(30);
  assert.match(fresh.ageText(0), /^3[01] s$/, "and grows with the engine's silence");
  assert.equal(fresh.ageText(null), "–");
  assert.equal(fresh.wholeAge(4.2), "4 s");
});

test("seven steps of age", () => {
  assert.deepEqual([0.5, 2, 5, 10, 59, 61].map(fresh.ageStep), [2, 1, 0, -1, -2, -3]);
});

test("market times are the gateway's, and say their zone when they come twice", () => {
  clock.setMarketClock([0, NOW, 1, "America/New_York"]);
  const firstTwice = Date.UTC(2026, 10, 1, 5, 30) / 1000;
  assert.equal(clock.clockText(firstTwice, "hm"), "01:30 EDT");
  assert.equal(clock.clockText(firstTwice + 3600, "hm"), "01:30 EST");
  assert.equal(clock.clockText(firstTwice + 7200, "hm"), "02:30");
  assert.equal(clock.clockText(null), "–");
});

test("of the time in which the page did not ask it says nothing against the engine", () => {
  const was = performance.now;
  try {
    performance.now = () => was.call(performance) + 600_000;   // ten minutes in a hidden tab
    setHidden(true);
    setHidden(false);
    assert.equal(clock.trouble(), null, "no answer has had the time to come");
    assert.ok((clock.dataAge() ?? 0) > 599, "what is shown is that old all the same");
    assert.equal(fresh.freshness({ s: "live", from: NOW - 1 }).s, "live");
  } finally {
    performance.now = was;
    setHidden(true);
    setHidden(false);
  }
});
