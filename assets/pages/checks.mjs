/**
 * What a look at this computer found, on the Health page: <ul data-qt-checks> by `/api/v1/checks`. What needs
 * a hand stands first, with its cure.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { onAddress } from "../core/address.mjs";
import * as clock from "../core/clock.mjs";
import { maybe, setText } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import { onNodes } from "../core/model.mjs";
import { CHECKS_PATH } from "../core/wire.mjs";

/** @typedef {{verdict: "ok" | "look" | "wrong", what: string, found: string, cure: string}} Finding */
/** @typedef {{looking: boolean, at: number | null, findings: Finding[]}} Looked */

const SOON_MS = 1000, AGAIN_MS = 30_000, BETWEEN_MS = 5200;   // sooner than the last the server would refuse to look again
const ORDER = { wrong: 0, look: 1, ok: 2 };
const SIGNS = { wrong: ["x-circle", "error", "wrong"], look: ["exclamation-triangle", "warning", "to know"], ok: ["check-circle", "gain", "in order"] };
/** @type {Looked | null} */
let last = null;
/** Why the server could not be asked; "" = it could. */
let problem = "";
let lookedAt = -Infinity;   // when this tab wished for a look

const list = () => maybe(document, "[data-qt-checks]");
const button = () => document.querySelector("[data-qt-checks-again]");

/** @param {RequestInit} [how] */
async function ask(how) {
  if (!list()) {
    return;
  }
  try {
    const answer = await fetch(CHECKS_PATH, { cache: "no-store", ...how }), body = await answer.json();
    if (!answer.ok) {
      throw new Error(body.error);
    }
    last = body;
    problem = "";
  } catch (error) {
    problem = error instanceof TypeError || !(error instanceof Error) ? "The server does not answer; it is asked again." : error.message;
  }
  draw();
}

function again() {
  lookedAt = performance.now();
  window.setTimeout(draw, BETWEEN_MS);
  void ask({ method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
}

/** @param {Finding} finding */
function block({ verdict, what, found, cure }) {
  const [icon, tone, words] = SIGNS[verdict];
  return html`<li data-verdict=${verdict}><i class="qt-icon bi bi-${icon}" data-tone=${tone} role="img" aria-label=${words}></i>
    <div><b>${what}</b> <span class="qt-checks-found">${found}</span>${
      cure ? html`<div class="qt-happened-cure"><b>Cure</b> ${cure}</div>` : nothing}</div></li>`;
}

/** @param {Looked} looked */
function fact({ looking, at, findings }) {
  const wrong = findings.filter(({ verdict }) => verdict !== "ok").length;
  const when = at === null ? "" : `, looked at ${clock.clockText(clock.market(at), "hm")}`;
  return looking ? "looking …" : at === null ? "not looked at yet" : wrong ? `${wrong} to look at${when}` : `in order${when}`;
}

function draw() {
  const holder = list(), place = maybe(document, "[data-qt-checks-fact]"), press = button();
  if (!holder) {
    return;
  }
  const sorted = [...(last?.findings ?? [])].sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
  const waits = last && last.at === null && !last.looking;
  render(html`${problem ? html`<li role="alert">${problem}</li>` : nothing}${
    waits ? html`<li class="qt-soft">The first look comes a minute after the start.</li>` : nothing}${sorted.map(block)}`, holder);
  if (place) {
    setText(place, last ? fact(last) : "");
  }
  if (press instanceof HTMLButtonElement) {
    press.disabled = Boolean(last?.looking) || performance.now() - lookedAt < BETWEEN_MS - 100;
  }
}

every(SOON_MS, () => last?.looking && ask());
every(AGAIN_MS, () => ask());
onAddress(() => {
  [last, problem] = [null, ""];
});
onNodes(() => {
  const holder = list();
  if (holder && !holder.firstChild) {
    draw();
    void ask();
  }
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-qt-checks-again]")) {
    again();
  }
});
