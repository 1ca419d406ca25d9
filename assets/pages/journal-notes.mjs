/** What the trader writes to a trip or a day: note, tags, the first stop. A draft stays until it is kept or thrown away. */
import { askEngine } from "../core/ask.mjs";
import { toast } from "../core/toast.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";

/** @typedef {{note: string, tags: string, stop: string}} Draft */

/** By what it is about. @type {Map<string, Draft>} */
const drafts = new Map();

/** @param {any} row @returns {Draft} */
const kept = (row) => ({ note: row.note ?? "", tags: (row.tags ?? []).join(", "), stop: row.stop === null || row.stop === undefined ? "" : String(row.stop) });

/** @param {Draft} a @param {Draft} b */
const isSame = (a, b) => a.note === b.note && a.tags === b.tags && a.stop === b.stop;

/**
 * @param {any} row the trip or the day
 * @param {{about: string, name: string, request: string, ask: (draft: Draft) => import("../core/ask.mjs").Request,
 *   redraw: () => void, done: () => void, hasStop: boolean}} how `about` = key of the draft, `name` = words for the labels
 */
export function noteForm(row, { about, name, request, ask, redraw, done, hasStop }) {
  const before = kept(row), draft = drafts.get(about) ?? before, changed = !isSame(draft, before);
  const take = (/** @type {keyof Draft} */ key) => (/** @type {Event} */ event) => {
    drafts.set(about, { ...draft, [key]: /** @type {HTMLInputElement} */ (event.target).value });
    redraw();
  };
  const keep = () => askEngine(request, ask(draft), ({ ok, text }) => {
    if (ok) {
      drafts.delete(about);
      done();
    } else {
      toast({ kind: "error", title: "The note was not kept", text });
    }
  });
  const drop = () => {
    drafts.delete(about);
    redraw();
  };
  return html`<div class="qt-jnote"><label><span>Note</span><textarea class="qt-input" rows="2" maxlength="4000" aria-label=${`Note on ${name}`}
    .value=${draft.note} @input=${take("note")}></textarea></label>
    <label><span>Tags</span><input type="text" class="qt-input" maxlength="200" placeholder="breakout, late" aria-label=${`Tags of ${name}`}
    .value=${draft.tags} @input=${take("tags")}></label>
    ${hasStop ? html`<label title="R is counted from the first stop that was noted"><span>Stop</span><input type="text" inputmode="decimal"
    class="qt-input qt-input-num" aria-label=${`First stop of ${name}`} .value=${draft.stop} @input=${take("stop")}></label>` : nothing}
    <span class="qt-jnotedo"><button type="button" class="qt-button qt-button-small qt-button-main" ?disabled=${!changed} @click=${keep}>Keep</button>
    <button type="button" class="qt-button qt-button-small qt-button-quiet" ?disabled=${!changed} @click=${drop}>Discard</button></span></div>`;
}

/** "breakout, late" as tags. @param {string} text */
export const tagsOf = (text) => [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))];
