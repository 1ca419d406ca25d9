/** The server's pulse and the clocks: server, market and the age of the data, by this page's monotonic clock. */

/** @typedef {"late" | "dead" | null} Trouble */

import { watchedFor } from "./every.mjs";
import { LATE_S, DEAD_S } from "./wire.mjs";
import { NEW_YORK, ownZone, pageZone } from "./zone.mjs";

/**
 * What the last answers said. `now` UTC epoch seconds and `perf` (ms of performance.now) belong together; `beat` = age of
 * the engine's heartbeat then, null = none yet; `open` = requests under way.
 * @type {{now: number | null, perf: number, beat: number | null, failing: boolean, build: string | null, open: number}}
 */
export const pulse = { now: null, perf: 0, beat: null, failing: false, build: null, open: 0 };

/**
 * Offset of the market's clock, the wall time it was taken, its rate, its zone.
 * @type {[number, number, number, string] | null}
 */
let marketClock = null;

/** Take the pulse of an answer of the server; answers of other routes have none. @param {Response} response */
export function heard(response) {
  const now = response.headers.get("X-QT-Now");
  if (now === null) {
    return;
  }
  pulse.now = Number(now);
  pulse.perf = performance.now();
  const beat = response.headers.get("X-QT-Beat");
  pulse.beat = beat === null ? null : Number(beat);   // another engine is on its way: the former one's beat is not its own
  pulse.build = response.headers.get("X-QT-Build");
  pulse.failing = false;
}

/** Seconds since the last answer that had a pulse. */
function since() {
  return (performance.now() - pulse.perf) / 1000;
}

/** Seconds since the last answer in which this page has asked: a hidden or frozen one does not. */
function listened() {
  return Math.min(since(), watchedFor() / 1000);
}

/** @param {[number, number, number, string] | null | undefined} clock the part "strip", key "clock" */
export function setMarketClock(clock) {
  marketClock = clock || null;
}

export function hasMarketClock() {
  return marketClock !== null;
}

/** Wall time of the server, UTC epoch seconds. */
export function now() {
  return pulse.now === null ? Date.now() / 1000 : pulse.now + since();
}

/** Seconds since the engine's last sign of life; null = none yet. */
export function dataAge() {
  return pulse.beat === null ? null : pulse.beat + since();
}

/** The gateway's clock at a wall time. @param {number} wall */
export function market(wall) {
  return marketClock ? wall + marketClock[0] + (wall - marketClock[1]) * (marketClock[2] - 1) : wall;
}

/** The gateway's clock now. */
export function marketNow() {
  return market(now());
}

/** Until when the server could have said something new, wall time: nothing is known of the time in which nobody asked. */
export function heardUntil() {
  return pulse.now === null ? now() : pulse.now + listened();
}

/** How silent the engine is, or null while it speaks. @returns {Trouble} */
export function trouble() {
  if (pulse.beat === null) {
    return null;
  }
  const age = pulse.beat + listened();
  return age > DEAD_S ? "dead" : age > LATE_S ? "late" : null;
}

/** @typedef {"hm" | "hms" | "day" | "date" | "zone"} Style */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** The zone that the page's times are told in: what the server has told its own in. */
export const zone = () => (marketClock ? marketClock[3] : pageZone());

/** @param {Style} style @param {string} [where] */
function format(style, where = zone()) {
  const key = where + style;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(style === "zone" ? "en-US" : "en-GB", { timeZone: where, ...OPTIONS[style] });
    formats.set(key, made);
  }
  return made;
}

/** @type {Record<Style, Intl.DateTimeFormatOptions>} */
const OPTIONS = {
  hm: { hourCycle: "h23", hour: "2-digit", minute: "2-digit" },
  hms: { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { day: "numeric", month: "short" },
  date: { day: "numeric", month: "short", year: "numeric" },
  zone: { timeZoneName: "short" },
};

/**
 * A moment on the clock of the page's zone; " EST" where the clocks show that time twice.
 * @param {number | null | undefined} moment UTC epoch seconds of the gateway's clock
 * @param {Style} [style]
 */
export function clockText(moment, style = "hms") {
  if (moment === null || moment === undefined) {
    return "–";
  }
  const made = format(style), text = made.format(moment * 1000);
  if (style === "day" || style === "date" || style === "zone") {
    return text;
  }
  const twice = [-3600, 3600].some((by) => made.format((moment + by) * 1000) === text);
  return twice ? `${text} ${zoneName(moment)}` : text;
}

/** A second clock, so that neither the exchange's nor this computer's is missed: "10:42 New York", "16:42 local". */
export function otherClock() {
  const isNewYorks = zone() === NEW_YORK, style = format("hm", isNewYorks ? ownZone() : NEW_YORK);
  return isNewYorks ? `${style.format(Date.now())} local` : `${style.format(marketNow() * 1000)} New York`;
}

/** "EST" or "EDT" at a moment. @param {number} moment */
export function zoneName(moment) {
  const parts = format("zone").formatToParts(moment * 1000);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}
