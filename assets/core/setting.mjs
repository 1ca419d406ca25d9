/** What a setting's value is in a box, and what a typed text means. Pure. */
import * as fmt from "./format.mjs";

/** What a field is: the part "fields" (app/rows/settings.py, app/rows/thresholds.py). @typedef {{
 *   label: string, kind: "range" | "number" | "select" | "switch" | "text", help: string, unit?: string, blank?: string,
 *   none?: boolean, whole?: boolean, low: number, high: number, step: number, default: any,
 *   options: Array<[any, string]>, choices?: Array<[string, string, string, number | null]>}} Meta */
/** The value in force, where it is from, what locks it: the part "set". @typedef {{v: any, src: string, lock?: string}} Force */

/** What a typed text says; one that says nothing valid stays the text. @param {Meta} meta @param {any} raw */
export function parse(meta, raw) {
  if (typeof raw !== "string") {
    return raw;
  }
  const text = raw.trim();
  if (text === "" && meta.none) {
    return null;
  }
  if (meta.kind !== "range" && meta.kind !== "number") {
    return text;
  }
  const plain = text.replace("−", "-").replace(/\s/g, "");
  const whole = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(",", "") : plain;
  return /^-?(\d+\.?\d*|\.\d+)$/.test(whole) ? Number(whole) : text;
}

/** @param {any} a @param {any} b */
export function same(a, b) {
  return typeof a === "number" && typeof b === "number" ? Math.abs(a - b) < 1e-9 : a === b;
}

/** @param {number} value */
const decimalsOf = (value) => (String(value).split(".")[1] ?? "").length;

/** As it stands in the box. @param {Meta} meta @param {any} value */
export function toText(meta, value) {
  if (fmt.isMissing(value)) {
    return "";
  }
  if (typeof value !== "number" || meta.kind !== "range") {
    return String(value);
  }
  const decimals = Math.max(meta.whole ? 0 : decimalsOf(meta.step || 1), decimalsOf(value));
  return fmt.number(value, decimals).replace("−", "-");
}

/** As a sentence says it. @param {Meta} meta @param {any} value */
export function inWords(meta, value) {
  const option = (meta.options || []).find(([each]) => same(each, value));
  if (option) {
    return option[1];
  }
  if (typeof value === "boolean") {
    return value ? "on" : "off";
  }
  return fmt.isMissing(value) ? "not set" : toText(meta, value);
}

/** One step up or down, within the range. @param {Meta} meta @param {number} value @param {1 | -1} by */
export function stepped(meta, value, by) {
  return Math.min(meta.high, Math.max(meta.low, Number((value + by * meta.step).toFixed(6))));
}

/** Where a value lies on its slider, as a CSS length (the thumb is 16 px wide). @param {Meta} meta @param {number} value */
export function placeOf(meta, value) {
  const share = Math.min(1, Math.max(0, (value - meta.low) / (meta.high - meta.low)));
  return `calc(8px + (100% - 16px) * ${share.toFixed(4)})`;
}
