/* Questions to the engine.
   askEngine(store, {action, ...}, done): hands a request to the server through the store with that id; `done` is called
     once with {ok, text, errors, value}: at once when it was refused, else when the engine's answer is in the part "answers".
     Returns the request's id. Requests go out one after the other, so that no reply is lost. */
import { clientside, noUpdate, setProps } from "./dash.mjs";
import { model, onPart } from "./model.mjs";
import { pollNow } from "./poll.mjs";

const ANSWER_MS = 10000, REPLY_MS = 6000;
const asks = {}; const queue = []; let sending = null;

/* 32 hex digits. */
export function newId() {
  const bytes = new Uint8Array(16);
  window.crypto.getRandomValues(bytes);
  return Array.prototype.map.call(bytes, (b) => { return ("0" + b.toString(16)).slice(-2); }).join("");
}

function finish(id, result) {
  const ask = asks[id];
  if (!ask) { return; }
  delete asks[id];
  window.clearTimeout(ask.timer);
  ask.done(Object.assign({ ok: false, text: "", errors: {} }, result));
}

function pump() {
  if (sending || !queue.length) { return; }
  const next = queue.shift();
  sending = next.data.id;
  if (!setProps(next.store, { data: next.data })) {
    finish(next.data.id, { text: "The page was left; nothing was changed." });
    release(next.data.id);
    return;
  }
  window.setTimeout(() => { release(next.data.id); }, REPLY_MS);
}

function release(id) {
  if (sending === id) { sending = null; pump(); }
}

export function askEngine(store, request, done) {
  const id = newId();
  asks[id] = { done, check: request.action === "check", timer: window.setTimeout(() => {
    finish(id, { text: "No answer yet. Look at the values before you try again." });
  }, ANSWER_MS) };
  queue.push({ store, data: Object.assign({ id }, request) });
  pump();
  return id;
};

function look(id) {
  const answer = (model.answers || {})[id];
  if (answer) { finish(id, { ok: answer[0], text: answer[1], value: answer[2] }); }
}

clientside("qtAsk", {
  reply (reply) {
    const nothing = noUpdate();
    if (!reply) { return nothing; }
    release(reply.id);   // also when the engine's answer overtook it
    if (!asks[reply.id]) { return nothing; }
    if (reply.text) {
      finish(reply.id, { text: reply.text, errors: reply.errors || {} });
    } else if (asks[reply.id].check) {
      finish(reply.id, { ok: true });
    } else {
      look(reply.id);
      [300, 1400].forEach((ms) => { window.setTimeout(pollNow, ms); });
    }
    return nothing;
  }
});
onPart("answers", (name, changed) => { Object.keys(changed).forEach(look); });
