/**
 * The size of a position by what it may lose at its stop. Pure; the one place where this is worked out.
 *
 * risk of one = |entry - stop| x money of a point; size = what is risked / risk of one, rounded down to a whole step, so that
 * a fill at entry and an exit at the stop never lose more than was asked. A stop lies on the contract's ticks, rounded away
 * from the entry: nearer would count too little. Commission and slippage are not in it.
 */

/**
 * What the server knows of the contract; null = not known. Money of `perPoint` is in `cur`, the account's in `base`; `rate` =
 * `base` for one of `cur`. `margin` = shares of the notional for a long and a short.
 * @typedef {{cur: string, base: string, rate: number | null, perPoint: number | null, step: number, tick: number | null,
 *   net: number | null, excess: number | null, volume: number | null, margin: [number | null, number | null]}} Facts
 */
/** @typedef {"long" | "short"} Side */
/** `risk` in money of the account, or in per cent of its net liquidation. @typedef {{kind: "money" | "pct", value: number}} Risk */
/** @typedef {{side: Side, risk: Risk, entry: number, stop: number}} Ask */
/**
 * `risked` and `budget` in the account's money; `lost` = what one unit loses, in the contract's; null = not known.
 * @typedef {{units: number, stop: number, lost: number, lostPct: number | null, risked: number, budget: number,
 *   riskedPct: number | null, notional: number, notionalBase: number, netPct: number | null, volumePct: number | null,
 *   margin: number | null, marginBase: number | null}} Size
 */
/** `problems`: all that stands in the way of a size. @typedef {{size: Size | null, problems: string[]}} Answer */

export const NO_STOP = "Give a stop.";
const HAIR = 1e-9;   // of a step or a tick: dust of binary fractions

/** @param {unknown} value @returns {value is number} */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** Decimals that a number is written with, at most ten. @param {number} value */
function decimalsOf(value) {
  return (value.toFixed(10).replace(/0+$/, "").split(".")[1] ?? "").length;
}

/**
 * A stop on the contract's ticks, away from the entry: below for a long, above for a short.
 * @param {number} price
 * @param {Side} side
 * @param {number | null} tick
 */
export function onTick(price, side, tick) {
  if (!tick) {
    return price;
  }
  const ticks = price / tick, whole = side === "long" ? Math.floor(ticks + HAIR) : Math.ceil(ticks - HAIR);
  return Number((whole * tick).toFixed(decimalsOf(tick)));
}

/**
 * The stop so many ATR from the entry.
 * @param {Side} side
 * @param {number} entry
 * @param {number} atr
 * @param {number} times
 */
export const atrStop = (side, entry, atr, times) => entry + (side === "long" ? -1 : 1) * atr * times;

/** The largest multiple of `step` that loses no more than `budget`. @param {number} budget @param {number} each @param {number} step */
function unitsFor(budget, each, step) {
  let steps = Math.floor(budget / (each * step) + HAIR);
  const units = (/** @type {number} */ count) => Number((count * step).toFixed(decimalsOf(step)));
  while (steps > 0 && units(steps) * each > budget) {
    steps -= Math.max(1, Math.ceil(steps * Number.EPSILON));   // of so many steps one less may be the same number
  }
  return units(steps);
}

/** Why nothing can be worked out, all of it, in the order of the form. @param {Ask} ask @param {Facts} facts */
function problemsOf({ side, risk, entry, stop }, facts) {
  const isLong = side === "long", isBeyond = isNumber(entry) && isNumber(stop) && (isLong ? stop >= entry : stop <= entry);
  /** @type {Array<[boolean, string]>} */
  const found = [
    [!isNumber(risk.value) || risk.value <= 0, "Give what may be lost: more than nothing."],
    [risk.kind === "pct" && !(isNumber(facts.net) && facts.net > 0), "The net liquidation is not known: give the risk in money."],
    [!isNumber(entry), "There is no price to enter at: type one."],
    [!isNumber(stop), NO_STOP],
    [isBeyond, isLong ? "The stop of a long lies below its entry." : "The stop of a short lies above its entry."],
    [!isNumber(facts.perPoint) || facts.perPoint <= 0, "The contract's details have not come: what a point is worth is not known."],
    [!isNumber(facts.rate) || facts.rate <= 0, `The account has no exchange rate for ${facts.cur}.`],
  ];
  return found.filter(([isSo]) => isSo).map(([, words]) => words);
}

/** @param {number | null} part @param {number | null} whole */
const pct = (part, whole) => (isNumber(part) && isNumber(whole) && whole > 0 ? (100 * part) / whole : null);

/**
 * The size that loses at most what is risked when it is filled at `entry` and stopped at `stop`.
 * @param {Ask} ask
 * @param {Facts} facts
 * @returns {Answer}
 */
export function sizeOf(ask, facts) {
  const stop = onTick(ask.stop, ask.side, facts.tick), problems = problemsOf({ ...ask, stop }, facts);
  if (problems.length) {
    return { size: null, problems };
  }
  const perPoint = /** @type {number} */ (facts.perPoint), rate = /** @type {number} */ (facts.rate);
  const budget = ask.risk.kind === "money" ? ask.risk.value : (/** @type {number} */ (facts.net) * ask.risk.value) / 100;
  const lost = Math.abs(ask.entry - stop) * perPoint, units = unitsFor(budget, lost * rate, facts.step);
  const risked = units * lost * rate, notional = units * Math.abs(ask.entry) * perPoint;
  const share = facts.margin[ask.side === "long" ? 0 : 1], margin = isNumber(share) ? notional * share : null;
  return {
    problems: [],
    size: {
      units, stop, lost, risked, budget, notional, margin,
      lostPct: pct(Math.abs(ask.entry - stop), Math.abs(ask.entry)),
      riskedPct: pct(risked, facts.net),
      notionalBase: notional * rate,
      netPct: pct(notional * rate, facts.net),
      volumePct: pct(units, facts.volume),
      marginBase: margin === null ? null : margin * rate,
    },
  };
}
