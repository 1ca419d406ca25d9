/** The frame: going to pages, freeze, menus, find, keys. */
import { go, onAddress } from "./address.mjs";
import { clockText, marketNow } from "./clock.mjs";
import { setProps } from "./dash.mjs";
import { within } from "./dom.mjs";
import { frozenSince, isFrozen, setFrozen } from "./every.mjs";
import { onNodes } from "./model.mjs";

/** @param {string} id */
const byId = (id) => document.getElementById(id);

/* ---- freeze: nothing moves, and a chip says since when ---- */
export function freeze() {
  setFrozen(isFrozen() ? null : byId("shell-clock")?.textContent || clockText(marketNow(), "hms"));   // as the strip stands
  const since = frozenSince(), button = byId("shell-freeze"), note = byId("shell-frozen");
  document.body.toggleAttribute("data-frozen", since !== null);
  if (button) {
    button.setAttribute("aria-pressed", String(since !== null));
    button.title = since === null ? "Hold the screen (f)" : "Go on (f)";
  }
  if (note) {
    note.hidden = since === null;
    note.textContent = since === null ? "" : `Frozen at ${since}. Press f to go on.`;
  }
}

/* What was held is gone: another page begins by going on, not empty. */
onAddress(() => {
  if (isFrozen()) {
    freeze();
  }
});

/* ---- links of this program and cells of symbols ---- */
document.addEventListener("click", (event) => {
  const link = within(event, "a[href^='/']:not([download])");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  closeMenus();
  go(link.getAttribute("href") ?? "/");
});
document.addEventListener("click", (event) => {
  const cell = within(event, "td[data-con]");
  if (cell) {
    go(`/symbol/${cell.dataset.con}`);
  }
});

function markNav() {
  const path = window.location.pathname;
  document.querySelectorAll("[data-nav]").forEach((link) => {
    const to = /** @type {HTMLElement} */ (link).dataset.nav ?? "";
    if (to === "/" ? path === "/" : path.startsWith(to)) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  });
}
onNodes(markNav);
onAddress(() => window.setTimeout(markNav, 0));

/* ---- menus: bell, keys, more ---- */
/** @param {string} id @param {boolean} [open] */
function toggle(id, open) {
  const menu = byId(id);
  if (!menu) {
    return;
  }
  const show = open === undefined ? menu.hidden : open;
  if (show) {
    closeMenus(id);
  }
  menu.hidden = !show;
  document.querySelectorAll(`[data-menu='${id}']`).forEach((button) => button.setAttribute("aria-expanded", String(show)));
  if (show && menu.getAttribute("role") === "dialog") {
    menu.focus();
  }
}

/** @param {string} [but] */
function closeMenus(but) {
  document.querySelectorAll(".qt-menu:not([hidden])").forEach((menu) => {
    if (menu.id !== but) {
      toggle(menu.id, false);
    }
  });
}
document.addEventListener("click", (event) => {
  const button = within(event, "[data-menu]");
  if (button) {
    toggle(button.dataset.menu ?? "");
    return;
  }
  if (!within(event, ".qt-menu") || within(event, "[data-close]")) {
    closeMenus();
  }
  if (within(event, "#shell-freeze")) {
    freeze();
  }
});

/* ---- find a symbol ---- */
const findBox = () => /** @type {HTMLInputElement} */ (byId("shell-find"));
/** @returns {HTMLElement[]} */
const options = () => Array.from(document.querySelectorAll("#shell-find-list [role=option]"));
/** @param {Element} option */
const isChosen = (option) => option.getAttribute("aria-selected") === "true";
const emptyList = () => setProps("shell-find-list", { children: [] });
const ANSWER_MS = 1500;
let isByHand = false;   // an option was chosen with the arrows

/** @param {number} step */
function choose(step) {
  const list = options();
  if (!list.length) {
    return;
  }
  const next = (list.findIndex(isChosen) + step + list.length) % list.length;
  list.forEach((item, i) => item.setAttribute("aria-selected", String(i === next)));
  list[next].scrollIntoView({ block: "nearest" });
  isByHand = true;
}
document.addEventListener("input", (event) => {
  isByHand &&= event.target !== findBox();
});

/** Whether the list answers this text, and not a beginning of it that was typed before.
 * @param {string} typed */
const isAnswered = (typed) => document.querySelector("#shell-find-list > [data-for]")?.getAttribute("data-for") === typed;

/** Enter can come before the answer to the last letters: it waits for it, a moment only, and what is typed on calls it off.
 * @param {string} typed @param {(typed: string) => void} then */
function whenAnswered(typed, then) {
  if (isByHand || isAnswered(typed) || !typed.trim()) {
    then(typed);
    return;
  }
  const end = () => {
    window.clearTimeout(timer);
    watch.disconnect();
    if (findBox().value === typed) {
      then(typed);
    }
  };
  const watch = new MutationObserver(() => isAnswered(typed) && end());
  watch.observe(/** @type {Node} */ (byId("shell-find-list")), { childList: true, subtree: true, attributes: true });
  const timer = window.setTimeout(end, ANSWER_MS);
}

/** @param {string} typed */
function leadTo(typed) {
  const list = isByHand || isAnswered(typed) ? options() : [], picked = list.find(isChosen) || list[0];
  leaveFind();
  if (picked) {
    go(picked.getAttribute("href") ?? "/symbol");
  } else if (typed.trim()) {
    go(`/symbol/${encodeURIComponent(typed.trim())}`);
  }
}

/** @param {KeyboardEvent} event */
function findKey(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    whenAnswered(findBox().value, leadTo);
  } else if (event.key === "Escape") {
    leaveFind();
  }
}

function leaveFind() {
  isByHand = false;
  setProps("shell-find", { value: "" });
  emptyList();
  findBox().blur();
}
document.addEventListener("focusout", (event) => {
  if (event.target === findBox()) {
    window.setTimeout(() => {
      if (document.activeElement !== findBox()) {
        emptyList();
      }
    }, 200);
  }
});

/* ---- keys ---- */
/** @type {Record<string, string>} */
const GO = {
  a: "/alerts", b: "/lab", c: "/charts", e: "/settings", h: "/health", j: "/journal", l: "/lines", o: "/", p: "/positions",
  s: "/scanners", w: "/lists", y: "/symbol",
};
const AFTER_G_MS = 1500;
let afterG = -AFTER_G_MS;

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  const field = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  return target.isContentEditable || (field && !/^(radio|checkbox|button)$/.test(/** @type {HTMLInputElement} */ (target).type));
}

document.addEventListener("keydown", (event) => {
  if (event.target === findBox()) {
    findKey(event);
    return;
  }
  if (event.key === "Escape") {
    closeMenus();
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const now = performance.now();
  if (event.key === "/") {
    event.preventDefault();
    findBox().focus();
  } else if (now - afterG < AFTER_G_MS && GO[event.key]) {
    afterG = -AFTER_G_MS;
    go(GO[event.key]);
  } else if (event.key === "g") {
    afterG = now;
  } else if (event.key === "?") {
    toggle("shell-keys");
  } else if (event.key === "f") {
    freeze();
  }
});
