/**
 * How this browser calls: sound, notification, the number in the tab. Calls come with the bell ("rows:bell", `call`), each
 * with a number of its own, so that an alert that comes again or becomes urgent calls again; while the tab is hidden or the
 * page frozen, where nothing else is asked for, by a slow question of its own. One tab speaks for all of them, and what is
 * older than a minute is not called any more: hidden tabs hear late, and all at once.
 */
import { now } from "./clock.mjs";
import { every, onWatched, whileUnwatched } from "./every.mjs";
import { model, onApplied, onPart } from "./model.mjs";
import { onLoggedOut } from "./session.mjs";
import { toast } from "./toast.mjs";

/** @typedef {{id: number, title: string, text: string, at: number}} Call `id`: of the call, rising over all alerts */

const KEPT = "qt-call", CALLED = "qt-called", FRESH_S = 60, UNWATCHED_MS = 15000, VOICE = "qt-alerts-voice";
const API = "/api/v1/alerts?after=";
/** @type {Array<() => void>} */
const listeners = [];
/** @type {AudioContext | null} */
let audio = null;
let isVoice = !("locks" in navigator);

/** @returns {{sound: boolean, notify: boolean}} */
function kept() {
  try {
    return { sound: false, notify: false, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
  } catch {
    return { sound: false, notify: false };
  }
}

if ("locks" in navigator) {
  /* held as long as this tab lives; the next in the queue speaks after it */
  void navigator.locks.request(VOICE, () => {
    isVoice = true;
    return new Promise(() => {});
  });
}

/** Told when what is shown of it changes. @param {() => void} fn */
export function onCall(fn) {
  listeners.push(fn);
}

const changed = () => listeners.forEach((fn) => fn());

/** What is on, and what stands in its way, in words. */
export function callState() {
  const { sound, notify } = kept(), can = "Notification" in window && window.isSecureContext;
  const permission = can ? Notification.permission : "denied";
  return {
    sound,
    notify: notify && permission === "granted",
    soundWords: sound && audio?.state !== "running" ? "off until you click on this page" : "",
    notifyWords: !window.isSecureContext ? "need https, or this computer's own address" : !can ? "this browser has none" :
      permission === "denied" ? "blocked in the browser for this address" : "",
  };
}

/** Turn one on or off; called in a click, as browsers want it. @param {"sound" | "notify"} key @param {boolean} on */
export function setCall(key, on) {
  localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [key]: on }));
  if (key === "sound" && on) {
    void wake().then(changed);
  }
  if (key === "notify" && on && "Notification" in window && Notification.permission === "default") {
    void Notification.requestPermission().then(changed);
  }
  changed();
}

/** Both as an alert would do it. */
export function testCall() {
  void wake().then(() => call([{ id: 0, title: "Test of QTrade's alerts", text: "This is how an alert calls.", at: now() }], true));
}

async function wake() {
  audio = audio ?? new AudioContext();
  if (audio.state === "suspended") {
    await audio.resume();
  }
}

/** Two soft tones. */
function ring() {
  if (!audio || audio.state !== "running") {
    toast({ kind: "info", title: "Sound is off", text: "Browsers play nothing before a click on the page.",
      action: { label: "Turn on", run: () => { void wake().then(changed); } } });
    return;
  }
  const from = audio.currentTime;
  [660, 880].forEach((pitch, i) => {
    const tone = /** @type {AudioContext} */ (audio).createOscillator(), gain = /** @type {AudioContext} */ (audio).createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0.0001, from + i * 0.18);
    gain.gain.exponentialRampToValueAtTime(0.2, from + i * 0.18 + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + i * 0.18 + 0.3);
    tone.connect(gain).connect(/** @type {AudioContext} */ (audio).destination);
    tone.start(from + i * 0.18);
    tone.stop(from + i * 0.18 + 0.32);
  });
}

/** One sound and one notification for many. @param {Call[]} calls @param {boolean} [isTest] */
function call(calls, isTest = false) {
  const { sound } = kept(), { notify } = callState(), [first, ...more] = calls;
  if (!first) {
    return;
  }
  if (sound) {
    ring();
  }
  if (notify && (isTest || document.hidden)) {
    const note = new Notification(first.title, { body: more.length ? `${first.text} And ${more.length} more.` : first.text, tag: "qtrade" });
    note.onclick = () => window.focus();
  }
}

const called = () => Number(localStorage.getItem(CALLED) ?? 0);

/** Of those that nobody has called the fresh ones. @param {Call[]} found */
function take(found) {
  const before = called(), fresh = found.filter(({ id }) => id > before);
  if (!fresh.length || !isVoice) {
    return;
  }
  localStorage.setItem(CALLED, String(Math.max(...fresh.map(({ id }) => id))));
  call(fresh.filter(({ at }) => now() - at < FRESH_S));
}

/** @returns {Array<Record<string, any>>} */
const bell = () => Object.values(model["rows:bell"] ?? {});

onPart("rows:bell", () => {
  take(bell().filter((row) => row.call).map(({ title, text, call: [id, at] }) => ({ id, title, text, at })));
  badge();
});

/** New alerts that no bell shows yet. @type {Set<number>} */
const unwatched = new Set();

/* A hidden tab asks nothing else (core/every.mjs): so seldom that the browser lets it. */
async function askUnwatched() {
  const { sound, notify } = kept();
  if (!isVoice || !(sound || notify)) {
    return;
  }
  try {
    const response = await fetch(`${API}${called()}`, { cache: "no-store" });
    if (!response.ok) {
      return;
    }
    /** @type {{occurrences: Array<Record<string, any>>}} */
    const { occurrences } = await response.json();
    take(occurrences.filter((each) => each.call_id && each.new)
      .map((each) => ({ id: each.call_id, title: each.title, text: each.text, at: each.called_at })));
    occurrences.filter((each) => each.new).forEach((each) => unwatched.add(each.id));
    badge();
  } catch {
    return;   // the server is away: the page says so when it is shown
  }
}
whileUnwatched(UNWATCHED_MS, () => { void askUnwatched(); });

/* Whoever relies on this tab's voice is told that it has lost it. */
onLoggedOut(() => {
  if (document.hidden && isVoice) {
    call([{ id: 0, title: "QTrade is logged out", text: "This tab calls no alerts until you log in again.", at: now() }]);
  }
});

/* ---- the number in the tab ---- */
const NUMBER = /^\(\d+\) /;
/** @type {string | null} */
let icon = null;

function badge() {
  const shown = bell().filter((row) => row.alert && !row.quiet).map((row) => row.alert);
  const count = new Set([...unwatched, ...shown]).size, bare = document.title.replace(NUMBER, "");
  const title = count ? `(${count}) ${bare}` : bare;
  if (document.title !== title) {
    document.title = title;
  }
  const link = document.querySelector("link[rel~=icon]");
  if (link instanceof HTMLLinkElement) {
    icon = icon ?? link.href;
    const href = count ? dot() : icon;
    if (link.href !== href) {
      link.href = href;
    }
  }
}

/** @type {string | null} */
let drawn = null;

/** A red dot on the page's own blue. */
function dot() {
  if (drawn === null) {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), css = getComputedStyle(document.documentElement);
    canvas.width = canvas.height = 32;
    for (const [name, x, y, r] of /** @type {Array<[string, number, number, number]>} */ ([["accent", 16, 16, 14], ["loss", 23, 9, 9]])) {
      if (pen) {
        pen.fillStyle = css.getPropertyValue(`--qt-${name}`).trim();
        pen.beginPath();
        pen.arc(x, y, r, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    drawn = canvas.toDataURL("image/png");
  }
  return drawn;
}

every(2000, badge);   // a page that names itself doesn't know of it
onApplied(() => {
  unwatched.clear();
  badge();
});
onWatched(badge);
document.addEventListener("click", () => {
  if (kept().sound && audio?.state !== "running") {
    void wake().then(changed);
  }
}, { passive: true });
