/* Numbers, ages and names as the screen shows them: the mirror of app/format.py, function by function.
   A browser test runs both over one table of cases. */
const MINUS = "−", MISSING = "–", UP = "▲", DOWN = "▼";

function rounded(value, decimals) {
  const scale = Math.pow(10, decimals);
  return Math.floor(value * scale + 0.5 + 1e-9) / scale;
}

function missing(value) {
  return value === null || value === undefined;
}

function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function number(value, decimals) {
  if (missing(value)) { return MISSING; }
  decimals = decimals || 0;
  const halves = rounded(Math.abs(value), decimals).toFixed(decimals).split(".");
  const text = grouped(halves[0]) + (halves[1] ? "." + halves[1] : "");
  return value >= 0 || !/[1-9]/.test(text) ? text : MINUS + text;
}

function tone(value, decimals) {
  if (missing(value)) { return "flat"; }
  if (rounded(Math.abs(value), decimals === undefined ? 2 : decimals) === 0) { return "flat"; }
  return value > 0 ? "gain" : "loss";
}

function signed(value, decimals) {
  if (missing(value)) { return MISSING; }
  decimals = decimals === undefined ? 2 : decimals;
  const text = number(value, decimals);
  return tone(value, decimals) === "gain" ? "+" + text : text;
}

function percent(value, decimals) {
  return missing(value) ? MISSING : signed(value, decimals) + " %";
}

function share(value, decimals) {
  return missing(value) ? MISSING : number(value, decimals === undefined ? 1 : decimals) + " %";
}

function times(value, decimals) {
  return missing(value) ? MISSING : number(value, decimals === undefined ? 1 : decimals) + "×";
}

function arrow(value, decimals) {
  return { gain: UP, loss: DOWN, flat: "" }[tone(value, decimals)];
}

function quantity(value) {
  if (missing(value)) { return MISSING; }
  const digits = String(Math.trunc(Math.abs(value))).length;
  return number(value, Math.max(1, Math.min(8, 15 - digits))).replace(/0+$/, "").replace(/\.$/, "");
}

function two(value) {
  return (value < 10 ? "0" : "") + value;
}

function age(seconds) {
  if (missing(seconds)) { return MISSING; }
  seconds = Math.max(0, seconds);
  if (seconds < 9.95) { return rounded(seconds, 1).toFixed(1) + " s"; }
  const whole = Math.trunc(rounded(seconds, 0));
  if (whole < 60) { return whole + " s"; }
  const minutes = Math.trunc(whole / 60);
  if (minutes < 60) { return minutes + " min " + two(whole % 60) + " s"; }
  const hours = Math.trunc(minutes / 60);
  if (hours < 24) { return hours + " h " + two(minutes % 60) + " min"; }
  return Math.trunc(hours / 24) + " d " + (hours % 24) + " h";
}

function held(seconds) {
  if (missing(seconds)) { return MISSING; }
  const whole = Math.trunc(Math.max(0, seconds));
  const hours = Math.trunc(whole / 3600), rest = whole % 3600;
  const tail = two(rest % 60), minutes = Math.trunc(rest / 60);
  return hours ? hours + ":" + two(minutes) + ":" + tail : minutes + ":" + tail;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const OCC = /^(\S{1,6}) *(\d\d)(0[1-9]|1[0-2])(\d\d)([CP])(\d{5})(\d{3})$/;
function named(localSymbol, year) {
  const found = OCC.exec(localSymbol);
  if (!found) { return localSymbol; }
  const strike = (Number(found[6]) + "." + found[7]).replace(/0+$/, "").replace(/\.$/, "");
  return found[1] + " " + strike + " " + found[5] + " " + Number(found[4]) + " " + MONTHS[Number(found[3]) - 1] +
    (Number(found[2]) === year % 100 ? "" : " " + found[2]);
}

export {
  MINUS, MISSING, UP, DOWN, number, signed, percent, share, times, tone, arrow, quantity, age, held, named
};
