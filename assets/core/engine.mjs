/**
 * The choice of an engine in the strip: <span data-qt-engines> over "strip.engines" = [the one that is shown, [[value,
 * words], ...]]; null = there is one engine. It is this browser's, kept in a cookie that every request carries, and the
 * page is loaded anew: nothing that was drawn of the former one may stand under another name.
 */
import { choice } from "./choice.mjs";
import { ENGINE_COOKIE } from "./wire.mjs";

const KEPT_S = 365 * 86_400;

/** @param {string} value */
function choose(value) {
  document.cookie = `${ENGINE_COOKIE}=${encodeURIComponent(value)}; path=/; max-age=${KEPT_S}; SameSite=Strict`;
  window.location.reload();
}

choice("engines", "Engine shown", (_, value) => choose(value), (box, shown) => {
  if (document.activeElement !== box || !box.value) {
    box.value = shown;
  }
});
