/**
 * The choice of an account in the strip: <span data-qt-accounts="store"> over "strip.accounts" = [label of the one that is
 * shown, "" = all together, [[value, words], ...]]; null = the login has one account, and there is nothing to choose.
 *
 * Whose money a page holds is "strip.shown". When another account is shown, the pages of money are loaded anew: a curve or
 * a map that was drawn for the former one must not stand under the new name. The delta that says so is not applied.
 */
import { newId } from "./ask.mjs";
import { choice } from "./choice.mjs";
import { clientside, noUpdate, onRefused, setProps } from "./dash.mjs";
import { onlyUnless } from "./model.mjs";
import { pollNow } from "./poll.mjs";
import { toast } from "./toast.mjs";

const MONEY = /^\/($|positions|symbol)/;
const LOOK_MS = [200, 800];   // polls that may bring the account
/** Asked for, not shown yet. @type {string | null} */
let wanted = null;
/** Whose money is here; where another gateway was chosen, nobody's for a while. @type {string | undefined} */
let drawn;

const paintAll = choice("accounts", "Account shown", ask, (box, shown, holder) => {
  if (wanted === shown) {
    wanted = null;
  }
  holder.toggleAttribute("aria-busy", wanted !== null);
  const value = wanted ?? shown;
  if ((box.value !== value && document.activeElement !== box) || wanted === null) {
    box.value = value;
  }
});

/** @param {HTMLElement} holder @param {string} label */
function ask(holder, label) {
  wanted = label;
  holder.setAttribute("aria-busy", "");
  if (!setProps(holder.dataset.qtAccounts ?? "", { data: { id: newId(), action: "account", account: label } })) {
    wanted = null;
  }
}

clientside("qtAccount", {
  reply(/** @type {{text?: string} | null} */ reply) {
    if (reply && reply.text) {
      wanted = null;
      paintAll();
      toast({ kind: "error", title: "The account was not changed", text: reply.text });
    } else if (reply) {
      LOOK_MS.forEach((ms) => window.setTimeout(pollNow, ms));
    }
    return noUpdate();
  },
});

/* The words are told with those of everybody (core/ask.mjs). */
onRefused((values) => {
  if (values.some((value) => value?.action === "account")) {
    wanted = null;
    paintAll();
  }
});

/* True = this delta is another account's, and the page is being loaded anew instead of taking it. */
onlyUnless((delta) => {
  const before = drawn, after = delta.set?.strip?.shown;
  drawn = after || before;
  if (!before || drawn === before || !MONEY.test(window.location.pathname)) {
    return false;
  }
  window.location.reload();
  return true;
});
