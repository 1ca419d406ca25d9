/** Questions to the engine: sent one after the other, so that no reply is lost, and answered once each. */
import { clientside, noUpdate, onRefused, setProps } from "./dash.mjs";
import { model, onPart } from "./model.mjs";
import { pollNow } from "./poll.mjs";
import { toast } from "./toast.mjs";

/** @typedef {{ok: boolean, text: string, errors: Record<string, string>, value?: any}} Result `errors` by setting */
/** @typedef {(result: Result) => void} Done */
/** @typedef {{action: string, [more: string]: unknown}} Request */
/** @typedef {{id: string, text?: string, errors?: Record<string, string>}} Reply of app/callbacks/requests.py */

const ANSWER_MS = 10000, REPLY_MS = 6000;
const LOOK_MS = [300, 1400];   // polls that may bring the engine's answer

/** @type {Map<string, {done: Done, isCheck: boolean, timer: number}>} */
const asks = new Map();
/** @type {Array<{store: string, data: Request & {id: string}}>} */
const queue = [];
/** @type {string | null} */
let sending = null;

/** 32 hex digits. */
export function newId() {
  return Array.from(window.crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} id @param {Partial<Result>} result */
function finish(id, result) {
  const ask = asks.get(id);
  if (ask && asks.delete(id)) {
    window.clearTimeout(ask.timer);
    ask.done({ ok: false, text: "", errors: {}, ...result });
  }
}

function pump() {
  const next = sending ? undefined : queue.shift();
  if (!next) {
    return;
  }
  const id = sending = next.data.id;
  if (!setProps(next.store, { data: next.data })) {
    finish(id, { text: "The page was left; nothing was changed." });
    release(id);
    return;
  }
  window.setTimeout(() => release(id), REPLY_MS);
}

/** @param {string} id */
function release(id) {
  if (sending === id) {
    sending = null;
    pump();
  }
}

/**
 * Hand a request to the server.
 * @param {string} store id of the dcc.Store that the server's callback listens to
 * @param {Request} request
 * @param {Done} done called once: at once when the server refuses, else with the engine's answer out of the part "answers"
 * @returns {string} the request's id
 */
export function askEngine(store, request, done) {
  const id = newId();
  const timer = window.setTimeout(() => {
    finish(id, { text: "No answer yet. Look at the values before you try again." });
  }, ANSWER_MS);
  asks.set(id, { done, isCheck: request.action === "check", timer });
  queue.push({ store, data: { id, ...request } });
  pump();
  return id;
}

/** @param {string} id */
function look(id) {
  const answer = model.answers?.[id];
  if (answer) {
    finish(id, { ok: answer[0], text: answer[1], value: answer[2] });
  }
}

clientside("qtAsk", {
  reply(/** @type {Reply | null} */ reply) {
    if (!reply) {
      return noUpdate();
    }
    release(reply.id);   // also when the engine's answer overtook it
    const ask = asks.get(reply.id);
    if (ask && reply.text) {
      finish(reply.id, { text: reply.text, errors: reply.errors || {} });
    } else if (ask?.isCheck) {
      finish(reply.id, { ok: true });
    } else if (ask) {
      look(reply.id);
      LOOK_MS.forEach((ms) => window.setTimeout(pollNow, ms));
    }
    return noUpdate();
  },
});
/* What is asked too often, is too long or fails is answered by the door (app/security.py), in its words. */
onRefused((values, words) => {
  const id = values.map((value) => value?.id).find((each) => asks.has(each));
  if (id === undefined) {
    toast({ kind: "error", title: "It was not done", text: words });   // a button's; a form has a place for its words
    return;
  }
  finish(id, { text: words });
  release(id);
});
onPart("answers", (_name, changed) => Object.keys(changed).forEach(look));
