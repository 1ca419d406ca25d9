import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setImmediate as soon } from "node:timers/promises";

import { page } from "./page.mjs";

/** What the server answers. @type {Response} */
let answer;
/** Callbacks' requests that the renderer was given. @type {Array<{store: string, data: any}>} */
let sent = [];
Object.assign(page, { getElementById: () => null, createTreeWalker: () => ({}), createComment: () => ({}) });
Object.assign(globalThis.window, {
  setTimeout: () => 0, clearTimeout: () => undefined, crypto: globalThis.crypto, fetch: async () => answer,
  dash_component_api: { getLayout: () => ({}) },
  dash_clientside: { set_props: (/** @type {string} */ store, /** @type {any} */ { data }) => sent.push({ store, data }) },
});
const { askEngine } = await import("../../assets/core/ask.mjs");

/** As Dash's renderer sends a callback. @param {any} value of its input */
async function callback(value) {
  const inputs = [{ id: "s", property: "data", value }, [{ id: "t", property: "data", value: null }]];
  await globalThis.window.fetch("/_dash-update-component", { method: "POST", body: JSON.stringify({ output: "r.data", inputs }) });
  await soon();
}

/** @param {number} code @param {string} words */
const says = (code, words) => new Response(words, { status: code });

beforeEach(() => { sent = []; });

for (const [code, body, words] of /** @type {Array<[number, string, string]>} */ ([
  [429, JSON.stringify({ error: "Too many changes at once. Try again in 2 s." }), "Too many changes at once. Try again in 2 s."],
  [413, JSON.stringify({ error: "Too long." }), "Too long."],
  [502, "<html>", "The server did not take it (502)."],
])) {
  test(`a form that is answered by ${code} says why at once, and the next one goes out`, async () => {
    /** @type {any[]} */
    const heard = [];
    askEngine("first", { action: "apply" }, (result) => heard.push(result));
    askEngine("second", { action: "apply" }, () => undefined);
    assert.deepEqual(sent.map(({ store }) => store), ["first"]);
    answer = says(code, body);
    await callback(sent[0].data);
    assert.deepEqual(heard, [{ ok: false, text: words, errors: {} }]);
    assert.deepEqual(sent.map(({ store }) => store), ["first", "second"]);
    answer = says(code, body);
    await callback(sent[1].data);
  });
}
