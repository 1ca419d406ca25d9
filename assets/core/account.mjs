/* The choice of an account in the strip: <span data-qt-accounts="store"> over "strip.accounts" = [label of the one that
   is shown, "" = all together, [[value, words], ...]]; null = the login has one account, and there is nothing to choose.

   Whose money a page holds is "strip.shown". When another account is shown, the pages of money are loaded anew: a curve or
   a map that was drawn for the former one must not stand under the new name. The delta that says so is not applied. */
(function () {
  "use strict";
  var qt = window.qt;
  var MONEY = /^\/($|positions|symbol)/;
  var wanted = null;   // asked for, not shown yet

  function paint(holder) {
    var part = qt.get("strip.accounts");
    if (!part) { holder.replaceChildren(); return; }
    var box = holder.querySelector("select");
    if (!box) {
      box = document.createElement("select");
      box.setAttribute("aria-label", "Account shown");
      box.addEventListener("change", function () { ask(holder, box.value); });
      holder.appendChild(box);
    }
    var mark = JSON.stringify(part[1]);
    if (box.dataset.mark !== mark) {
      box.dataset.mark = mark;
      box.replaceChildren.apply(box, part[1].map(function (option) { return new Option(option[1], option[0]); }));
    }
    if (wanted === part[0]) { wanted = null; }
    holder.toggleAttribute("aria-busy", wanted !== null);
    var value = wanted === null ? part[0] : wanted;
    if (box.value !== value && document.activeElement !== box || wanted === null) { box.value = value; }
  }

  function paintAll() { Array.prototype.forEach.call(document.querySelectorAll("[data-qt-accounts]"), paint); }
  qt.onPart("strip", paintAll);
  qt.onNodes(paintAll);

  function newId() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }

  function ask(holder, label) {
    wanted = label;
    holder.setAttribute("aria-busy", "");
    if (!qt.setProps(holder.dataset.qtAccounts, { data: { id: newId(), action: "account", account: label } })) { wanted = null; }
  }

  window.dash_clientside.qtAccount = {
    reply: function (reply) {
      if (reply && reply.text) {
        wanted = null;
        paintAll();
        qt.toast({ kind: "error", title: "The account was not changed", text: reply.text });
      } else if (reply) {
        [200, 800].forEach(function (ms) { window.setTimeout(qt.kick, ms); });
      }
      return window.dash_clientside.no_update;
    }
  };

  /* True = this delta is another account's, and the page is being loaded anew instead of taking it. */
  qt.isOthersMoney = function (delta) {
    var before = qt.get("strip.shown"), strip = (delta.set || {}).strip || {};
    if (!before || !strip.shown || strip.shown === before || !MONEY.test(window.location.pathname)) { return false; }
    window.location.reload();
    return true;
  };
})();
