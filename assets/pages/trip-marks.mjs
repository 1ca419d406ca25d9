/** Round trips of the symbol whose chart is open, as marks on it: asked for with the chart, and each half minute. */
import { path } from "../core/address.mjs";
import { every } from "../core/every.mjs";
import { BUILD_HEADER, MARKS_PATH } from "../core/wire.mjs";

/** @typedef {[kind: "entry" | "gain" | "loss" | "exit", time: number, price: number, text: string]} Mark */

const AGAIN_MS = 30000;

/** @type {{con: number, tag: string, marks: Mark[]}} */
let here = { con: 0, tag: "", marks: [] };
let redraw = () => {};
let asking = false;

/** Called when the marks are others. @param {() => void} fn */
export function onTripMarks(fn) {
  redraw = fn;
}

/** Those of a contract, [] until they are known. @param {number} con @returns {Mark[]} */
export function tripMarks(con) {
  if (con !== here.con) {
    here = { con, tag: "", marks: [] };
    void ask();
  }
  return here.marks;
}

async function ask() {
  const { con, tag } = here;
  if (!con || asking || !path().startsWith("/symbol/")) {
    return;
  }
  asking = true;
  try {
    const build = document.getElementById("shell-root")?.dataset.build ?? "";
    const response = await fetch(`${MARKS_PATH}/${con}`, { cache: "no-store", headers: { [BUILD_HEADER]: build, "If-None-Match": tag } });
    if (response.status === 200 && here.con === con) {
      here = { con, tag: response.headers.get("ETag") ?? "", marks: (await response.json()).marks };
      redraw();
    }
  } catch { /* the chart goes without them; the strip says that nobody answers */ } finally {
    asking = false;
    if (here.con !== con) {
      void ask();
    }
  }
}
every(AGAIN_MS, () => { void ask(); });
