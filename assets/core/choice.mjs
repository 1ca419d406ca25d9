/** A choice in the strip: a box that the browser makes and fills; nothing where there is nothing to choose. */
import { all } from "./dom.mjs";
import { get, onNodes, onPart } from "./model.mjs";

/** @typedef {[string, Array<[string, string]>]} Choice the one that is shown, and [value, words] of each */

/**
 * Keeps `<span data-qt-NAME>` as the part "strip.NAME" says. `choose` is told what a person chooses, `put` sets the box's
 * value to the one that is shown.
 * @param {string} name "accounts"
 * @param {string} label for who doesn't see the box
 * @param {(holder: HTMLElement, value: string) => void} choose
 * @param {(box: HTMLSelectElement, shown: string, holder: HTMLElement) => void} put
 * @returns {() => void} paints anew
 */
export function choice(name, label, choose, put) {
  /** @param {HTMLElement} holder */
  function newBox(holder) {
    const box = document.createElement("select");
    box.setAttribute("aria-label", label);
    box.addEventListener("change", () => choose(holder, box.value));
    holder.append(box);
    return box;
  }

  /** @param {HTMLElement} holder */
  function paint(holder) {
    /** @type {Choice | null | undefined} */
    const part = get(`strip.${name}`);
    holder.closest(".qt-strip")?.toggleAttribute(`data-${name}`, Boolean(part));
    if (!part) {
      holder.replaceChildren();
      return;
    }
    const [shown, options] = part, box = holder.querySelector("select") ?? newBox(holder), mark = JSON.stringify(options);
    if (box.dataset.mark !== mark) {
      box.dataset.mark = mark;
      box.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
    }
    put(box, shown, holder);
  }

  const paintAll = () => all(document, `[data-qt-${name}]`).forEach(paint);
  onPart("strip", paintAll);
  onNodes(paintAll);
  return paintAll;
}
