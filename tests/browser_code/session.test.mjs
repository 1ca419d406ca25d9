import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.mjs";

/** What the server says next. @type {Response} */
let next = new Response(null, { status: 204 });
/** @type {Set<string>} */
const marks = new Set();
Object.assign(page.documentElement, {
  toggleAttribute: (/** @type {string} */ name, /** @type {boolean} */ on) => (on ? marks.add(name) : marks.delete(name)),
});
Object.assign(globalThis.window, { fetch: () => Promise.resolve(next) });

const { loggedIn, onLoggedIn, onLoggedOut } = await import("../../assets/core/session.mjs");
/** @type {string[]} */
const told = [];
onLoggedOut((ways) => told.push(`out ${ways.join(" ")}`));
onLoggedIn(() => told.push("in"));

/** @param {string} url @param {Response} answer */
async function ask(url, answer) {
  next = answer;
  return globalThis.window.fetch(url);
}

const no = () => new Response(JSON.stringify({ error: "Log in first.", login: ["password", "link"] }), { status: 401 });
const yes = (/** @type {Record<string, string>} */ headers = {}) => new Response(null, { status: 204, headers });

test("the first 401 says that the session has ended, whatever was asked, and its asker can still read it", async () => {
  const answer = await ask("/_dash-update-component", no());
  assert.equal((await answer.json()).error, "Log in first.");
  await ask("/feed?path=/", no());
  assert.deepEqual(told.splice(0), ["out password link"]);
});

test("a good answer says that there is one again, once, wherever one has logged in", async () => {
  await ask("/feed?path=/", yes({ "X-QT-Session": "1" }));
  await ask("/feed?path=/", yes({ "X-QT-Session": "1" }));
  assert.deepEqual([told.splice(0), [...marks]], [["in"], ["data-qt-session"]]);
});

test("a wrong password is no end of a session, and the login's own answers say nothing", async () => {
  await ask("/login", no());
  await ask("/login/session", yes());
  assert.deepEqual(told.splice(0), []);
});

test("an error, or an answer that is no JSON, logs nobody in", async () => {
  await ask("/export", new Response("<h1>no</h1>", { status: 401 }));
  await ask("/export", new Response("", { status: 500 }));
  assert.deepEqual(told.splice(0), ["out "]);
  loggedIn();
  assert.deepEqual(told.splice(0), ["in"]);
});

test("where nobody has to log in there is nothing to log out of", async () => {
  await ask("/feed?path=/", yes());
  assert.deepEqual([...marks], []);
});
