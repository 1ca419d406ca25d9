/* Notices: toast({kind: "ok"|"info"|"error", title, text, action: {label, run}}): bottom right, 6 s, errors stay. */
const TOAST_MS = 6000;
const GLYPHS = { ok: "check-circle-fill", info: "info-circle-fill", error: "x-circle-fill" };

function shelf() {
  let found = document.getElementById("qt-toasts");
  if (!found) {
    found = document.createElement("div");
    found.id = "qt-toasts";
    found.setAttribute("role", "status");
    found.setAttribute("aria-live", "polite");
    document.body.appendChild(found);
  }
  return found;
}

function element(tag, cls, text) {
  const made = document.createElement(tag);
  made.className = cls;
  if (text) { made.textContent = text; }
  return made;
}

function button(cls, label, run) {
  const made = element("button", cls, label);
  made.type = "button";
  made.addEventListener("click", run);
  return made;
}

export function toast(options) {
  const toast = element("div", "qt-toast"), words = element("div", "qt-toast-words");
  toast.dataset.kind = options.kind || "ok";
  toast.appendChild(element("i", "bi bi-" + (GLYPHS[toast.dataset.kind] || GLYPHS.ok)));
  words.append(element("b", "", options.title), element("span", "", options.text));
  toast.appendChild(words);
  const away = function () { toast.remove(); };
  if (options.action) {
    toast.appendChild(button("qt-toast-action", options.action.label, () => { away(); options.action.run(); }));
  }
  const close = button("qt-icon-button bi bi-x-lg", "", away);
  close.setAttribute("aria-label", "Close this notice");
  toast.appendChild(close);
  shelf().appendChild(toast);
  if (toast.dataset.kind === "error") { return; }
  let timer = window.setTimeout(away, TOAST_MS);
  toast.addEventListener("mouseenter", () => { window.clearTimeout(timer); });
  toast.addEventListener("focusin", () => { window.clearTimeout(timer); });
  toast.addEventListener("mouseleave", () => { timer = window.setTimeout(away, TOAST_MS); });
};
