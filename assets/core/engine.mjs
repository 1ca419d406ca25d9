/**
 * The choice of an engine in the strip: <span data-qt-engines> over "strip.engines" = [the one that is shown, [[value,
 * words], ...]]; null = there is one engine. It is this browser's, kept in a cookie that every request carries, and the
 * page is loaded anew: nothing that was drawn of the former one may stand under another name.
 */
import { all } from "./dom.mjs";
import { get, onNodes, onPart } from "./model.mjs";
import { ENGINE_COOKIE } from "./wire.mjs";

const KEPT_S = 365 * 86_400;

/** @param {string} value */
function choose(value) {
  document.cookie = `${ENGINE_COOKIE}=${encodeURIComponent(value)}; path=/; max-age=${KEPT_S}; SameSite=Strict`;
  window.location.reload();
}

/** @param {HTMLElement} holder */
function newBox(holder) {
  const box = document.createElement("select");
  box.setAttribute("aria-label", "Engine shown");
  box.addEventListener("change", () => choose(box.value));
  holder.append(box);
  return box;
}

/** @param {HTMLElement} holder */
function paint(holder) {
  /** @type {[string, Array<[string, string]>] | null | undefined} */
  const part = get("strip.engines");
  holder.closest(".qt-strip")?.toggleAttribute("data-engines", Boolean(part));
  if (!part) {
    holder.replaceChildren();
    return;
  }
  const [shown, options] = part, box = holder.querySelector("select") ?? newBox(holder), mark = JSON.stringify(options);
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
  }
  if (document.activeElement !== box || !box.value) {
    box.value = shown;
  }
}

const paintAll = () => all(document, "[data-qt-engines]").forEach(paint);
onPart("strip", paintAll);
onNodes(paintAll);
