/** Settings page: the looks of this browser as one file, out and in; density of the rows. */
import { isCompact, setCompact } from "../core/display.mjs";
import { chosen, fileText, fromFile, replaceAll } from "../core/display-file.mjs";
import { all, make, maybe, within } from "../core/dom.mjs";
import { onNodes } from "../core/model.mjs";
import { toast } from "../core/toast.mjs";

const FILE_MOST = 500_000;

function save() {
  const link = make("a"), day = new Date().toISOString().slice(0, 10);
  link.href = URL.createObjectURL(new Blob([fileText(chosen(window.localStorage))], { type: "application/json" }));
  link.download = `qtrade-display-${day}.json`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {HTMLInputElement} input */
async function load(input) {
  const file = input.files?.[0];
  input.value = "";
  if (!file) {
    return;
  }
  const values = file.size > FILE_MOST ? "It is too large." : fromFile(await file.text());
  if (typeof values === "string") {
    toast({ kind: "error", title: `${file.name} was not taken`, text: values });
    return;
  }
  replaceAll(window.localStorage, values);
  window.location.reload();
}

function paint() {
  const compact = isCompact(), input = maybe(document, ".qt-display-file");
  all(document, "[data-density]").forEach((button) => {
    const isOn = (button.dataset.density === "compact") === compact;
    button.setAttribute("aria-pressed", String(isOn));
    button.classList.toggle("active", isOn);
  });
  if (input && !input.firstChild) {
    const box = make("input", "visually-hidden");
    box.type = "file";
    box.accept = ".json,application/json";
    box.setAttribute("aria-label", "Import display settings");
    box.addEventListener("change", () => void load(box));
    input.append(box);
  }
}
onNodes(paint);

document.addEventListener("click", (event) => {
  const density = within(event, "[data-density]"), pressed = within(event, "[data-display-do]")?.dataset.displayDo;
  if (density) {
    setCompact(density.dataset.density === "compact");
    paint();
  } else if (pressed === "export") {
    save();
  } else if (pressed === "reset") {
    const before = chosen(window.localStorage);
    replaceAll(window.localStorage, {});
    setCompact(false);
    paint();
    toast({ kind: "info", title: "As at first", text: "Columns, density, layers and shown lists are as at first when a page is opened anew.",
      action: { label: "Undo", run: () => {
        replaceAll(window.localStorage, before);
        setCompact(isCompact());
        paint();
      } } });
  }
});
