import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setImmediate as soon } from "node:timers/promises";

import { address, elements, goTo, page } from "./page.mjs";

/** Questions that wait for their answer. @type {Array<{url: string, answer: (response: Response) => void}>} */
const asked = [];
Object.assign(page, { getElementById: () => null });
Object.assign(globalThis.window, { setTimeout, clearTimeout, setInterval: () => 0 });
Object.assign(globalThis, {
  fetch: (/** @type {string} */ url, /** @type {{signal: AbortSignal}} */ { signal }) => new Promise((answer, fail) => {
    asked.push({ url, answer });
    signal.addEventListener("abort", () => fail(new Error("given up")));
  }),
});

const { pulse } = await import("../../assets/core/clock.mjs");
const { setFrozen } = await import("../../assets/core/every.mjs");
const { cursor, get } = await import("../../assets/core/model.mjs");
const { pollNow, startPolling } = await import("../../assets/core/poll.mjs");
startPolling(2500);

/** The whole view of a page. @param {string} path @param {number} value @param {string} [beat] */
function whole(path, value, beat = "0.2") {
  const delta = { path, page: path, full: true, since: null, cursor: `${path}.${value}`, set: { here: { value } } };
  return new Response(JSON.stringify(delta), { headers: { "X-QT-Now": "1790000000", ...(beat ? { "X-QT-Beat": beat } : {}) } });
}

/** @param {string} path */
async function at(path) {
  elements.set("[data-qt-page]", { dataset: { qtPage: path } });
  goTo(path);
  await soon();
}

beforeEach(() => setFrozen(null));

/** Answer the newest question. @param {Response} response */
async function answer(response) {
  asked[asked.length - 1].answer(response);
  await soon();
  await soon();
}

test("an answer for the page before is given up, whatever it says, and is no fault of the server", async () => {
  await at("/lines");
  const [late] = asked.slice(-1);
  await at("/health");
  late.answer(whole("/lines", 1));
  await soon();
  assert.deepEqual([get("here.value"), cursor(), pulse.failing], [undefined, null, false]);
  await answer(whole("/health", 2));
  assert.deepEqual([get("here.value"), cursor()], [2, "/health.2"]);
});

test("what was under way when the page was frozen moves nothing, and is asked for again", async () => {
  await at("/lab");
  await answer(whole("/lab", 1));
  pollNow();
  setFrozen("09:31:07");
  await answer(whole("/lab", 2));
  assert.equal(get("here.value"), 1);
  setFrozen(null);
  await soon();
  assert.match(asked[asked.length - 1].url, /cursor=%2Flab\.1/);
  await answer(whole("/lab", 3));
  assert.equal(get("here.value"), 3);
});

test("a dead server is said, and one that answers again is heard", async () => {
  await at("/settings");
  await answer(new Response("", { status: 500 }));
  assert.equal(pulse.failing, true);
  pollNow();
  await answer(whole("/settings", 1));
  assert.deepEqual([pulse.failing, pulse.beat, get("here.value")], [false, 0.2, 1]);
});

test("before the next engine's first heartbeat the former one's is not its own", async () => {
  pollNow();
  await answer(whole(address.pathname, 2, ""));
  assert.equal(pulse.beat, null);
});

test("an answer that asks for a login is no fault of the server, and changes nothing", async () => {
  await at("/orders");
  await answer(whole("/orders", 5));
  pollNow();
  await answer(new Response("{}", { status: 401 }));
  assert.deepEqual([get("here.value"), pulse.failing], [5, false]);
});
