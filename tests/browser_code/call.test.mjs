import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setImmediate as soon } from "node:timers/promises";

import { elements, page, setHidden } from "./page.mjs";

const WALL = 1_790_000_000, store = new Map([["qt-call", JSON.stringify({ sound: true })]]);
/** What runs while nobody watches. @type {Array<() => void>} */
const timers = [];
let tones = 0;
/** The API's alerts. @type {Array<Record<string, any>>} */
let occurrences = [];

class Tone {
  frequency = {};
  gain = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
  connect() { return this; }
  start() { tones += 1; }
  stop() {}
}
Object.assign(page, { title: "QTrade - Lines", getElementById: () => null, createTreeWalker: () => ({}), createComment: () => ({}) });
Object.assign(globalThis.window, { isSecureContext: true, setInterval: (/** @type {() => void} */ fn) => timers.push(fn) });
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
Object.assign(globalThis, {
  HTMLLinkElement: class {},
  localStorage: { getItem: (/** @type {string} */ key) => store.get(key) ?? null, setItem: store.set.bind(store) },
  AudioContext: class {
    state = "running";
    createOscillator = () => new Tone();
    createGain = () => new Tone();
  },
  fetch: async (/** @type {string} */ url) => {
    const after = Number(url.split("=")[1]);
    return Response.json({ occurrences: occurrences.filter((each) => Math.max(each.id, each.call_id) > after) });
  },
});

const { heard } = await import("../../assets/core/clock.mjs");
const { setFrozen } = await import("../../assets/core/every.mjs");
const { apply } = await import("../../assets/core/model.mjs");
const { testCall } = await import("../../assets/core/call.mjs");
heard(new Response("", { headers: { "X-QT-Now": String(WALL) } }));
testCall();   // a click, as browsers want it
await soon();

let count = 0;

/** The bell shows these: [id, call]. @param {Array<[number, [number, number] | null]>} rows */
function bell(...rows) {
  count += 1;
  const since = count === 1 ? null : `c.${count - 1}`;
  const shown = rows.map(([alert, call]) => [`alert${alert}`, { alert, title: "t", text: "x", ...(call ? { call } : {}) }]);
  apply({ path: "/", page: "p", full: true, since, cursor: `c.${count}`, set: { strip: {}, "rows:bell": Object.fromEntries(shown) } });
}

beforeEach(() => {
  elements.set("[data-qt-page]", { dataset: { qtPage: "p" } });
  tones = 0;
  occurrences = [];
  setHidden(false);
});

test("a call sounds once, however often the bell comes", () => {
  bell([10, [11, WALL]]);
  bell([10, [11, WALL]], [12, null]);
  assert.equal(tones, 2, "of one sound");
});

test("an alert that comes again, or becomes urgent, calls again", () => {
  bell([10, [20, WALL]]);
  assert.equal(tones, 2);
  bell([10, [21, WALL]], [12, [22, WALL]]);
  assert.equal(tones, 4, "one sound for both");
});

test("what was called more than a minute ago is shown and not heard", () => {
  bell([10, [30, WALL - 61]]);
  assert.equal(tones, 0);
});

test("a hidden tab and a frozen page hear of it, and the number in the tab stays", async () => {
  for (const [at, hide] of /** @type {Array<[number, () => void]>} */ ([[40, () => setHidden(true)], [50, () => setFrozen("09:31")]])) {
    tones = 0;
    hide();
    occurrences = [{ id: at, call_id: at + 1, called_at: WALL, new: true, title: "t", text: "x" }];
    for (let asked = 0; asked < 2; asked += 1) {
      timers.forEach((fn) => fn());
      await soon();
    }
    assert.equal(tones, 2);
    assert.match(page.title, /^\(2\) /, "with the one of the bell");
    setHidden(false);
    setFrozen(null);
    bell([10, null]);
  }
  assert.equal(page.title, "(1) QTrade - Lines");
});
