/** Settings page: the looks of this browser as one file, out and in; density of the rows; the zone in which times are told. */
import { isCompact, setCompact } from "../core/display.mjs";
import { chosen, fileText, fromFile, replaceAll } from "../core/display-file.mjs";
import { all, make, maybe, within } from "../core/dom.mjs";
import { onNodes } from "../core/model.mjs";
import { pollNow } from "../core/poll.mjs";
import { toast } from "../core/toast.mjs";
import { choiceOf, CHOICES, ownZone, sayZone, setZone, ZONE_KEY, zoneOf } from "../core/zone.mjs";

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
  sayZone();
  window.location.reload();
}

function paintZone() {
  const zone = choiceOf(window.localStorage);
  all(document, "[data-zone]").forEach((button, i) => {
    button.title = zoneOf(CHOICES[i], ownZone()).replace(/_/g, " ");
    button.setAttribute("aria-pressed", String(CHOICES[i] === zone));
    button.classList.toggle("active", CHOICES[i] === zone);
  });
}

function paint() {
  paintZone();
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

/** In this tab at once; another one holds charts that were drawn in the former zone. @param {import("../core/zone.mjs").Choice} choice */
function tellIn(choice) {
  setZone(choice);
  pollNow();
  paint();
}
window.addEventListener("storage", ({ key }) => {
  if (key === ZONE_KEY) {
    window.location.reload();
  }
});

document.addEventListener("click", (event) => {
  const zone = within(event, "[data-zone]")?.dataset.zone;
  const density = within(event, "[data-density]"), pressed = within(event, "[data-display-do]")?.dataset.displayDo;
  if (zone) {
    tellIn(/** @type {import("../core/zone.mjs").Choice} */ (zone));
  } else if (density) {
    setCompact(density.dataset.density === "compact");
    paint();
  } else if (pressed === "export") {
    save();
  } else if (pressed === "reset") {
    const before = chosen(window.localStorage);
    replaceAll(window.localStorage, {});
    setCompact(false);
    tellIn("new-york");
    toast({ kind: "info", title: "As at first", text: "Zone, columns, density, layers and shown lists are as at first; those of a page that is open, once it is opened anew.",
      action: { label: "Undo", run: () => {
        replaceAll(window.localStorage, before);
        setCompact(isCompact());
        tellIn(choiceOf(window.localStorage));
      } } });
  }
});
