/** Numbers, ages and names as the screen shows them: the mirror of app/format.py, function by function, by the same cases. */

/** @typedef {number | null | undefined} Amount null or undefined = missing */

export const MINUS = "−", MISSING = "–", UP = "▲", DOWN = "▼";

/** @param {unknown} value @returns {value is null | undefined} */
export const isMissing = (value) => value === null || value === undefined;

/** @param {number} value @param {number} decimals */
function rounded(value, decimals) {
  const scale = 10 ** decimals;
  return Math.floor(value * scale + 0.5 + 1e-9) / scale;
}

/** @param {Amount} value @param {number} [decimals] */
export function number(value, decimals = 0) {
  if (isMissing(value)) {
    return MISSING;
  }
  const [whole, part] = rounded(Math.abs(value), decimals).toFixed(decimals).split(".");
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + (part ? `.${part}` : "");
  return value >= 0 || !/[1-9]/.test(text) ? text : MINUS + text;
}

/** What a value means for who holds it, as it is shown. @param {Amount} value @param {number} [decimals] */
export function tone(value, decimals = 2) {
  if (isMissing(value) || rounded(Math.abs(value), decimals) === 0) {
    return "flat";
  }
  return value > 0 ? "gain" : "loss";
}

/** @param {Amount} value @param {number} [decimals] */
export function signed(value, decimals = 2) {
  const text = number(value, decimals);
  return tone(value, decimals) === "gain" ? `+${text}` : text;
}

/** @param {Amount} value @param {number} [decimals] */
export function percent(value, decimals) {
  return isMissing(value) ? MISSING : `${signed(value, decimals)} %`;
}

/** @param {Amount} value @param {number} [decimals] */
export function share(value, decimals = 1) {
  return isMissing(value) ? MISSING : `${number(value, decimals)} %`;
}

/** @param {Amount} value @param {number} [decimals] */
export function times(value, decimals = 1) {
  return isMissing(value) ? MISSING : `${number(value, decimals)}×`;
}

/** @param {Amount} value @param {number} [decimals] */
export function arrow(value, decimals) {
  return { gain: UP, loss: DOWN, flat: "" }[tone(value, decimals)];
}

/** @param {Amount} value */
export function quantity(value) {
  if (isMissing(value)) {
    return MISSING;
  }
  const digits = String(Math.trunc(Math.abs(value))).length;
  return number(value, Math.max(1, Math.min(8, 15 - digits))).replace(/0+$/, "").replace(/\.$/, "");
}

/** At least two digits. @param {number} value */
export const two = (value) => String(value).padStart(2, "0");

/** @param {Amount} seconds */
export function age(seconds) {
  if (isMissing(seconds)) {
    return MISSING;
  }
  const since = Math.max(0, seconds);
  if (since < 9.95) {
    return `${rounded(since, 1).toFixed(1)} s`;
  }
  const whole = Math.trunc(rounded(since, 0));
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.trunc(whole / 60), hours = Math.trunc(minutes / 60);
  if (minutes < 60) {
    return `${minutes} min ${two(whole % 60)} s`;
  }
  return hours < 24 ? `${hours} h ${two(minutes % 60)} min` : `${Math.trunc(hours / 24)} d ${hours % 24} h`;
}

/** How long a line has been held. @param {Amount} seconds */
export function held(seconds) {
  if (isMissing(seconds)) {
    return MISSING;
  }
  const whole = Math.trunc(Math.max(0, seconds)), hours = Math.trunc(whole / 3600), minutes = Math.trunc((whole % 3600) / 60);
  const tail = two(whole % 60);
  if (hours >= 48) {
    return `${Math.trunc(hours / 24)} d ${hours % 24} h`;
  }
  return hours ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const OCC = /^(\S{1,6}) *(\d\d)(0[1-9]|1[0-2])(\d\d)([CP])(\d{5})(\d{3})$/;

/**
 * A symbol; an option by strike, right and day, and by its year where that is not `year`.
 * @param {string} localSymbol
 * @param {number} year
 */
export function named(localSymbol, year) {
  const found = OCC.exec(localSymbol);
  if (!found) {
    return localSymbol;
  }
  const [, root, yy, month, day, right, whole, part] = found;
  const strike = `${Number(whole)}.${part}`.replace(/0+$/, "").replace(/\.$/, "");
  const ofYear = Number(yy) === year % 100 ? "" : ` ${yy}`;
  return `${root} ${strike} ${right} ${Number(day)} ${MONTHS[Number(month) - 1]}${ofYear}`;
}
