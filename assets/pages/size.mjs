/**
 * Position size: <div data-qt-size>. How many shares or contracts lose no more than is risked at the stop, worked out as one
 * types (core/sizing.mjs) from the facts of the part "size". It places nothing: what it says can be copied.
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { all } from "../core/dom.mjs";
import * as fmt from "../core/format.mjs";
import { model, onNodes, onPart } from "../core/model.mjs";
import { ownOf, withOwn } from "../core/size-draft.mjs";
import { atrStop, NO_STOP, sizeOf } from "../core/sizing.mjs";
import { nameOf } from "../core/values.mjs";

/** @typedef {import("../core/sizing.mjs").Facts & {of: string, source: string}} Money */
/** `atr` and `day` = ATR 14 of minutes and of days.
 * @typedef {{con: number, sym: string, unit: string, quoted: string, dec: number, price: number | null, volume: number | null,
 *   days: number, atr: number | null, day: number | null, levels: Array<[string, number]>, money: Money}} SizePart */
/** What is typed stays text.
 * @typedef {{side: "long" | "short", risk: string, per: "money" | "pct", kind: "price" | "atr" | "day" | "level",
 *   times: string, price: string, level: string, entry: string, con: number}} Draft */

const KEPT = "qt-size", KEPT_OWN = "qt-size-own", SAID_MS = 4000, MUCH_VOLUME_PCT = 1;
/** @type {Draft} */
const draft = { side: "long", risk: "1", per: "pct", kind: "atr", times: "2", price: "", level: "", entry: "", con: 0 };
let said = "";

/* What one trader risks is the same from symbol to symbol; an entry and a stop are of one. */
function recall() {
  try {
    const kept = JSON.parse(window.localStorage.getItem(KEPT) ?? "{}");
    for (const key of /** @type {const} */ (["risk", "per", "kind", "times"])) {
      if (typeof kept[key] === "string") {
        Object.assign(draft, { [key]: kept[key] });
      }
    }
  } catch {
    window.localStorage.removeItem(KEPT);
  }
}
recall();

function keep() {
  const { risk, per, kind, times } = draft;
  window.localStorage.setItem(KEPT, JSON.stringify({ risk, per, kind, times }));
  if (draft.con) {
    window.localStorage.setItem(KEPT_OWN, withOwn(window.localStorage.getItem(KEPT_OWN), draft.con, draft));
  }
}

/** A number as people type it: "1,000.5", "402.10 ". @param {string} text */
function typed(text) {
  const plain = text.replace(/[\s,]/g, "").replace("−", "-");
  return plain === "" ? NaN : Number(plain);
}

/** @returns {SizePart | null} */
function facts() {
  return model.size?.money ? /** @type {any} */ (model.size) : null;
}

/** @param {SizePart} known */
function entryOf(known) {
  return draft.entry.trim() ? typed(draft.entry) : known.price ?? NaN;
}

/** The stop as it is chosen, before it is put on the ticks. @param {SizePart} known @param {number} entry */
function stopOf(known, entry) {
  if (draft.kind === "price") {
    return typed(draft.price);
  }
  if (draft.kind === "level") {
    return known.levels.find(([name]) => name === draft.level)?.[1] ?? NaN;
  }
  const atr = draft.kind === "atr" ? known.atr : known.day;
  return atr === null || !(typed(draft.times) > 0) ? NaN : atrStop(draft.side, entry, atr, typed(draft.times));
}

/** @param {SizePart} known */
function answerOf(known) {
  const entry = entryOf(known), stop = stopOf(known, entry);
  const risk = { kind: draft.per, value: typed(draft.risk) };
  const answer = sizeOf({ side: draft.side, risk, entry, stop }, { ...known.money, volume: known.volume });
  const noAtr = draft.kind === "atr" && known.atr === null ? "ATR of the minutes is not known yet: give the stop another way."
    : draft.kind === "day" && known.day === null ? "Fifteen days of bars are needed for the day's ATR: give the stop another way." : "";
  return { entry, ...answer, problems: answer.problems.map((words) => (noAtr && words === NO_STOP ? noAtr : words)) };
}

/** @param {number} count @param {string} unit */
const many = (count, unit) => `${fmt.quantity(count)} ${unit}${count === 1 ? "" : "s"}`;
/** @param {number | null} value @param {string} cur @param {number} [decimals] */
const money = (value, cur, decimals = 2) => (value === null ? fmt.MISSING : `${fmt.number(value, decimals)} ${cur}`);
/** A share that would read 0.00 says that it is less. @param {number | null} value */
function share(value) {
  return value !== null && value > 0 && value < 0.005 ? "< 0.01 %" : fmt.share(value, 2);
}

/** @param {string} label @param {unknown} value @param {string} [more] @param {string} [title] */
const pair = (label, value, more = "", title = "") => html`<div class="qt-pair" title=${title || nothing}><dt>${label}</dt>
  <dd><span class="qt-fact-value">${value}</span><span class="qt-fact-more">${more}</span></dd></div>`;

/** @param {SizePart} known @param {import("../core/sizing.mjs").Size} size @param {number} entry */
function factsBlock(known, size, entry) {
  const { cur, base, excess, source } = known.money, isForeign = cur !== base;
  const inBase = (/** @type {number | null} */ value) => (isForeign && value !== null ? `${money(value, base, 0)}` : "");
  return html`<dl class="qt-facts qt-facts-2">
    ${pair("Entry", fmt.number(entry, known.dec), known.quoted)}
    ${pair("Stop", fmt.number(size.stop, known.dec), `${fmt.share(size.lostPct, 2)} away`)}
    ${pair(`Risk a ${known.unit}`, money(size.lost, cur))}
    ${pair("At risk", money(size.risked, base), size.riskedPct === null ? "" : share(size.riskedPct),
      `Of net liquidation: ${share(size.riskedPct)}`)}
    ${pair("Notional", money(size.notional, cur, 0), inBase(size.notionalBase))}
    ${pair("Of net liquidation", fmt.share(size.netPct, 1), "", `Net liquidation of ${known.money.of}: ${money(known.money.net, base)}`)}
    ${pair("Of day's volume", share(size.volumePct), known.days ? `${known.days} d` : "",
      known.volume === null ? "The volume of fewer than five days is known" : `${fmt.number(known.volume)} a day, mean of ${known.days} days`)}
    ${pair("Margin, est.", money(size.margin, cur, 0), inBase(size.marginBase), source)}
  </dl>
  <ul class="qt-size-notes">
    ${size.marginBase === null
      ? html`<li data-tone="warn">No margin is known, so nothing here says whether the account can carry it: ${source}.</li>`
      : html`<li>${source}.</li>`}
    ${size.marginBase !== null && excess !== null && size.marginBase > excess
      ? html`<li data-tone="warn">More than the excess liquidity of ${money(excess, base, 0)}.</li>` : nothing}
    ${size.volumePct !== null && size.volumePct > MUCH_VOLUME_PCT
      ? html`<li data-tone="warn">More than ${MUCH_VOLUME_PCT} % of a day's volume: it may move the price.</li>` : nothing}
    <li>Rounded down; without commission and slippage, and a stop may fill beyond its price.</li>
  </ul>`;
}

/** @param {SizePart} known @param {import("../core/sizing.mjs").Size} size @param {number} entry */
function wordsOf(known, size, entry) {
  const { base } = known.money, price = (/** @type {number} */ value) => fmt.number(value, known.dec);
  return `${draft.side} ${many(size.units, known.unit)} ${nameOf(known.sym)}, entry ${price(entry)}, stop ${price(size.stop)}, `
    + `risk ${money(size.risked, base)}, notional ${money(size.notional, known.money.cur, 0)}`;
}

/** @param {string} text */
function copy(text) {
  const tell = (/** @type {string} */ words) => {
    said = words;
    drawAll();
    window.setTimeout(() => { said = ""; drawAll(); }, SAID_MS);
  };
  const clipboard = window.navigator.clipboard;
  if (!clipboard) {
    tell("The browser does not allow copying here.");
    return;
  }
  clipboard.writeText(text).then(() => tell(`Copied: ${text}`), () => tell("The browser does not allow copying here."));
}

/** @param {Partial<Draft>} change */
function set(change) {
  Object.assign(draft, change);
  keep();
  drawAll();
}
/** @param {keyof Draft} key */
const onInput = (key) => (/** @type {Event} */ event) => {
  set({ [key]: /** @type {HTMLInputElement} */ (event.target).value });
};

/** @param {string} id @param {string} label @param {unknown} control @param {unknown} [more] */
const field = (id, label, control, more = nothing) => html`<div class="qt-size-field"><label for=${id}>${label}</label>
  <div class="qt-size-box">${control}${more}</div></div>`;
/** @param {string} id @param {keyof Draft} key @param {string} [hint] */
const box = (id, key, hint = "") => html`<input id=${id} type="text" inputmode="decimal" class="qt-input qt-input-num qt-input-long"
  autocomplete="off" maxlength="16" placeholder=${hint || nothing} .value=${String(draft[key])} @input=${onInput(key)}>`;
/** @param {string} id @param {keyof Draft} key @param {string} label @param {Array<[string, string]>} options */
const choice = (id, key, label, options) => html`<select id=${id} class="qt-input" aria-label=${label} @change=${onInput(key)}>
  ${options.map(([value, words]) => html`<option value=${value} .selected=${draft[key] === value}>${words}</option>`)}</select>`;

/** @param {"long" | "short"} side @param {string} words */
const sideBlock = (side, words) => html`<div class="form-check form-check-inline"><input type="radio" class="btn-check" name="size-side"
  id="size-side-${side}" .checked=${draft.side === side} @change=${() => set({ side })}><label class="qt-segment
  ${draft.side === side ? "active" : ""}" for="size-side-${side}">${words}</label></div>`;

/** @param {SizePart} known */
function formBlock(known) {
  const stops = /** @type {Array<[string, string]>} */ ([["atr", "× ATR 14 (1 min)"], ["day", "× ATR 14 (day)"], ["level", "at a level"],
    ["price", "at a price"]]);
  const levels = /** @type {Array<[string, string]>} */ ([["", "choose"], ...known.levels.map(([name, price]) =>
    [name, `${name} ${fmt.number(price, known.dec)}`])]);
  const stop = draft.kind === "price" ? box("size-price", "price") : draft.kind === "level"
    ? choice("size-price", "level", "Level", levels) : box("size-price", "times");
  return html`<div class="qt-size-form">
    <div class="qt-segmented" role="radiogroup" aria-label="Side">${sideBlock("long", "Long")}${sideBlock("short", "Short")}</div>
    ${field("size-risk", "Risk", box("size-risk", "risk"), choice("size-per", "per", "Risk in",
      [["pct", "% of net liq."], ["money", known.money.base || "money"]]))}
    ${field("size-entry", "Entry", box("size-entry", "entry", known.price === null ? "" : fmt.number(known.price, known.dec)))}
    ${field("size-price", "Stop", stop, choice("size-kind", "kind", "Stop by", stops))}
  </div>`;
}

/** @param {SizePart} known */
function resultBlock(known) {
  const { size, problems, entry } = answerOf(known);
  if (size === null) {
    return html`<div class="qt-size-problem" role="status"><ul>${problems.map((words) => html`<li>${words}</li>`)}</ul></div>`;
  }
  const none = size.units === 0;
  return html`<div class="qt-size-answer"><span class="qt-size-units" role="status">${many(size.units, known.unit)}</span>
      <span class="qt-push"></span>
      <button type="button" class="qt-button qt-button-small" ?disabled=${none} data-size-copy="units"
        @click=${() => copy(String(size.units))}>Copy size</button>
      <button type="button" class="qt-button qt-button-small" ?disabled=${none} data-size-copy="words"
        @click=${() => copy(wordsOf(known, size, entry))}>Copy all</button></div>
    <p class="qt-size-said" role="status">${said || (none ? `One ${known.unit} alone risks more than ${money(size.budget, known.money.base)}.` : "")}</p>
    ${factsBlock(known, size, entry)}`;
}

/** @param {HTMLElement} holder */
function draw(holder) {
  const known = facts();
  if (!known) {
    render(nothing, holder);
    return;
  }
  if (known.con !== draft.con) {   // another symbol: its own entry and stop
    Object.assign(draft, { con: known.con, ...ownOf(window.localStorage.getItem(KEPT_OWN), known.con) });
  }
  render([formBlock(known), resultBlock(known)], holder);
}

function drawAll() {
  all(document, "[data-qt-size]").forEach(draw);
}
onPart("size", drawAll);
onNodes(() => all(document, "[data-qt-size]").filter((holder) => !holder.firstElementChild).forEach(draw));

/** A stop out of another card. @param {"long" | "short"} side @param {number} stop @param {number} decimals */
export function useStop(side, stop, decimals) {
  set({ side, kind: "price", price: stop.toFixed(decimals) });
  const place = document.getElementById("size-risk");
  place?.scrollIntoView({ block: "center" });
  place?.focus();
}
