/* The choice of an account in the strip: <span data-qt-accounts="store"> over "strip.accounts" = [label of the one that
   is shown, "" = all together, [[value, words], ...]]; null = the login has one account, and there is nothing to choose.

   Whose money a page holds is "strip.shown". When another account is shown, the pages of money are loaded anew: a curve or
   a map that was drawn for the former one must not stand under the new name. The delta that says so is not applied. */
import { newId } from "./ask.mjs";
import { clientside, noUpdate, setProps } from "./dash.mjs";
import { get, onlyUnless, onNodes, onPart } from "./model.mjs";
import { pollNow } from "./poll.mjs";
import { toast } from "./toast.mjs";

const MONEY = /^\/($|positions|symbol)/;
let wanted = null;   // asked for, not shown yet

function paint(holder) {
  const part = get("strip.accounts");
  if (!part) { holder.replaceChildren(); return; }
  let box = holder.querySelector("select");
  if (!box) {
    box = document.createElement("select");
    box.setAttribute("aria-label", "Account shown");
    box.addEventListener("change", () => { ask(holder, box.value); });
    holder.appendChild(box);
  }
  const mark = JSON.stringify(part[1]);
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...part[1].map((option) => { return new Option(option[1], option[0]); }));
  }
  if (wanted === part[0]) { wanted = null; }
  holder.toggleAttribute("aria-busy", wanted !== null);
  const value = wanted === null ? part[0] : wanted;
  if (box.value !== value && document.activeElement !== box || wanted === null) { box.value = value; }
}

function paintAll() { Array.prototype.forEach.call(document.querySelectorAll("[data-qt-accounts]"), paint); }
onPart("strip", paintAll);
onNodes(paintAll);

function ask(holder, label) {
  wanted = label;
  holder.setAttribute("aria-busy", "");
  if (!setProps(holder.dataset.qtAccounts, { data: { id: newId(), action: "account", account: label } })) { wanted = null; }
}

clientside("qtAccount", {
  reply (reply) {
    if (reply && reply.text) {
      wanted = null;
      paintAll();
      toast({ kind: "error", title: "The account was not changed", text: reply.text });
    } else if (reply) {
      [200, 800].forEach((ms) => { window.setTimeout(pollNow, ms); });
    }
    return noUpdate();
  }
});

/* True = this delta is another account's, and the page is being loaded anew instead of taking it. */
onlyUnless((delta) => {
  const before = get("strip.shown"), strip = (delta.set || {}).strip || {};
  if (!before || !strip.shown || strip.shown === before || !MONEY.test(window.location.pathname)) { return false; }
  window.location.reload();
  return true;
});
