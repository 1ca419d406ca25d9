/**
 * The grid of a watch-list: which list it shows is chosen beside its title and kept in the browser; only the list in sight
 * travels (app/rows/watchlists.py).
 */
import { path } from "../core/address.mjs";
import { shortVolume } from "../core/candles.mjs";
import { addCells, toned } from "../core/cells.mjs";
import { all, make, maybe } from "../core/dom.mjs";
import * as fmt from "../core/format.mjs";
import { showPart } from "../core/grid.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { see } from "../core/poll.mjs";
import { nameOf } from "../core/values.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";

const KEPT = "qt-watchlist";

/** @returns {Array<[id: string, name: string]>} in the user's order */
export function namesOfLists() {
  /** @type {Record<string, [order: number, name: string, count: number]>} */
  const lists = model.lists ?? {};
  return Object.entries(lists).sort((a, b) => a[1][0] - b[1][0]).map(([id, [, name]]) => [id, name]);
}

/** The list that is shown: the one chosen last, else the first. @returns {string | null} */
export function chosenList() {
  const names = namesOfLists(), kept = window.localStorage.getItem(KEPT);
  return names.find(([id]) => id === kept)?.[0] ?? names[0]?.[0] ?? null;
}

/** @param {string} id */
export function chooseList(id) {
  window.localStorage.setItem(KEPT, id);
  show();
}

/** @param {HTMLElement} holder */
function paintChoice(holder) {
  const names = namesOfLists(), now = chosenList() ?? "", mark = JSON.stringify(names);
  let box = /** @type {HTMLSelectElement | null} */ (maybe(holder, "select"));
  if (!box) {
    const made = make("select", "qt-input qt-watch-select");
    made.setAttribute("aria-label", "Watch-list shown");
    made.addEventListener("change", () => chooseList(made.value));
    holder.append(made);
    box = made;
  }
  if (box.dataset.mark !== mark) {
    box.dataset.mark = mark;
    box.replaceChildren(...names.map(([id, name]) => new Option(name, id)));
  }
  if (box.value !== now) {
    box.value = now;
  }
}

function show() {
  const id = chosenList(), here = path();
  if (id === null || (here !== "/" && here !== "/lists")) {
    return;
  }
  see(here === "/" ? "overview" : "lists", [`grid:watch-${id}`]);
  all(document, "[data-qt-watch-choice]").forEach(paintChoice);
  all(document, "[data-qt-watch]").forEach((holder) => showPart(holder.dataset.qtWatch ?? "", `watch-${id}`));
}
onPart("lists", show);
onNodes(show);

/** @param {unknown} value */
const given = (value) => value || nothing;

addCells({
  symbol_link: (d) => html`<a href="/symbol/${d.id}" class="qt-sym" tabindex="-1" title=${d.about}>${nameOf(d.sym)}</a>`,
  noted: (d) => (d.note ? html`<i class="qt-icon bi bi-sticky" role="img" aria-label="Note: ${d.note}" title=${d.note}></i>` : nothing),
  price(d, field) {
    const kind = field === "last" ? d.kind : "";
    return toned(fmt.number(d[field], d.dec), kind ? "warn" : d[field] === null ? "missing" : "", kind || (d[field] === null ? d.why : ""));
  },
  change: (d) => toned(d.chg === null ? fmt.MISSING : `${fmt.arrow(d.chg)} ${fmt.percent(d.chg)}`.trim(), d.chg === null ? "missing" : fmt.tone(d.chg)),
  bp: (d) => fmt.number(d.bp, 1),
  amount: (d, field) => shortVolume(d[field]),
  level(d) {
    const away = d.levp === null ? "" : ` ${fmt.signed(d.levp, 1)} %`;
    return d.lev === null ? toned(fmt.MISSING, "missing") : html`<span title=${d.levs}>${fmt.number(d.lev, d.dec)}<span
      class="qt-soft">${away}</span></span>`;
  },
  signal: (d) => (d.side ? toned(`${d.side === "long" ? fmt.UP : fmt.DOWN} ${fmt.number(d.score, 2)}`, d.side, `Running signal, ${d.side}`) : nothing),
  price_lane: (d) => html`<span class="qt-lane" data-lane=${d.lane} title=${given(d.why)}>${d.lane === "none" ? "no price yet" : d.lane}</span>`,
});
