/** Health page: the verdict's sign, the connection time line, what happened, ages, the report to copy. */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import { make, maybe, putInOrder, setData } from "../core/dom.mjs";
import { every } from "../core/every.mjs";
import * as fmt from "../core/format.mjs";
import { wholeAge } from "../core/freshness.mjs";
import { get, model, onNodes, onPart } from "../core/model.mjs";

/** @typedef {[from: number, to: number | null, state: string, words?: string]} Span of wall time; null = it goes on */
/** @typedef {{from: number, to: number}} Range of the time shown */
/** @typedef {{order: number, icon: [string, string], open: boolean, title: string, code: string, text: string, cure: string,
 *   at: {at: number}, count: string}} Happened */

const LEAST_S = 300, MOST_S = 12 * 3600, STEPS_S = [60, 300, 600, 900, 1800, 3600, 7200], LINKS_MS = 10000, AGES_MS = 1000;
const NARROW = 12;   // per cent: a span that is shorter has no room for words
/** @type {Record<string, string>} */
const SIGNS = { pass: "check-circle-fill", warning: "exclamation-triangle-fill", error: "x-circle-fill" };
/** @type {Record<string, string>} */
const ICONS = { pass: "check-circle", warning: "exclamation-triangle", error: "x-circle", info: "info-circle" };

function drawVerdict() {
  const sign = maybe(document, "[data-qt-verdict]"), kind = get("health.verdict_icon");
  if (sign && kind) {
    sign.className = `qt-verdict-icon bi bi-${SIGNS[kind] || "circle"}`;
    sign.dataset.kind = kind;
  }
}
onPart("health", drawVerdict);

/* ---- the time line: spans in per cent of the time shown ---- */
/** @param {Array<[string, Span[]]>} tracks @param {number} now @returns {Range} */
function rangeOf(tracks, now) {
  const first = Math.min(now - LEAST_S, ...tracks.flatMap(([, spans]) => spans.map(([from]) => from)));
  return { from: Math.max(first, now - MOST_S), to: now };
}

/** @param {number} at @param {Range} range */
const placeOf = (at, range) => Math.min(100, Math.max(0, 100 * (at - range.from) / (range.to - range.from)));
/** @param {number} wall @param {clock.Style} [style] */
const atText = (wall, style = "hms") => clock.clockText(clock.market(wall), style);

/** @param {Span} span @param {Range} range */
function spanBlock([since, until, state, about], range) {
  const from = placeOf(since, range), to = placeOf(until ?? range.to, range), words = state === "idle" ? "idle, normal" : state;
  const lasted = fmt.age(Math.round((until || range.to) - since)), label = about || `${words} since ${atText(since)}`;
  return html`<i class="qt-span" data-state=${state} style="left: ${from}%; width: ${Math.max(to - from, 0.15)}%"
    title="${words}${about ? ` (${about})` : ""}, since ${atText(since)}, ${lasted}">${
      to - from > NARROW ? html`<span>${label}</span>` : nothing}</i>`;
}

/** @param {Range} range */
function axisBlock(range) {
  const span = range.to - range.from, step = STEPS_S.find((s) => span / s <= 8) || 14400;
  const shift = clock.market(range.to) - range.to, ticks = [];
  for (let at = Math.ceil((range.from + shift) / step) * step - shift; at < range.to; at += step) {
    ticks.push(at);
  }
  const shown = ticks.filter((at) => placeOf(at, range) < 97);
  return html`<div class="qt-links-axis">${
    shown.map((at) => html`<span style="left: ${placeOf(at, range)}%">${atText(at, "hm")}</span>`)}</div>`;
}

function drawLinks() {
  const holder = maybe(document, "[data-qt-links]"), part = model.links;
  if (!holder || !part || !part.tracks) {
    return;
  }
  /** @type {Array<[string, Span[]]>} */
  const tracks = part.tracks, range = rangeOf(tracks, clock.now());
  render(html`${tracks.map(([name, spans]) => html`<div class="qt-track">
    <div class="qt-track-name">${name}</div>
    <div class="qt-track-bar">${
      spans.filter(([, until]) => (until || range.to) > range.from).map((span) => spanBlock(span, range))}</div>
  </div>`)}${axisBlock(range)}`, holder);
  holder.setAttribute("aria-label", `Connection over time: ${part.outages || ""}`);
  const since = maybe(document, "[data-qt-links-since]");
  if (since) {
    since.textContent = `since ${atText(range.from)}`;
  }
}
onPart("links", drawLinks);
every(LINKS_MS, drawLinks);

/* ---- what happened: each item keeps its element, so that a selected text stays selected ---- */
/** @type {WeakMap<Element, Map<string, HTMLElement>>} */
const items = new WeakMap();

/** @param {Happened} row */
function happenedBlock(row) {
  const [icon, tone] = row.icon;
  return html`<i class="qt-icon bi bi-${ICONS[icon] || "dot"}" data-tone=${tone === "pass" ? "gain" : tone} role="img"
      aria-label=${row.open ? `${icon}, open` : "over"}></i>
    <div class="qt-happened-words">
      <div class="qt-happened-title">${row.title}${row.code ? html`<span class="qt-code">${row.code}</span>` : nothing}</div>
      <div class="qt-happened-text">${row.text}</div>
      ${row.cure ? html`<div class="qt-happened-cure"><b>Cure</b> ${row.cure}</div>` : nothing}
    </div>
    <div class="qt-happened-when"><div>${clock.clockText(row.at.at, "hm")}</div><div class="qt-soft">${row.count}</div></div>`;
}

function drawHappened() {
  const list = document.querySelector("[data-qt-happened]");
  if (!list) {
    return;
  }
  /** @type {Record<string, Happened>} */
  const rows = model["rows:happened"] || {};
  /** @type {Map<string, HTMLElement>} */
  const known = items.get(list) ?? new Map();
  items.set(list, known);
  known.forEach((item, id) => {
    if (!rows[id]) {
      item.remove();
      known.delete(id);
    }
  });
  const sorted = Object.keys(rows).sort((a, b) => rows[a].order - rows[b].order);
  putInOrder(list, sorted.map((id) => {
    const item = known.get(id) ?? make("li");
    known.set(id, item);
    setData(item, "open", rows[id].open ? "1" : "0");
    render(happenedBlock(rows[id]), item);
    return item;
  }));
}
onPart("rows:happened", drawHappened);

/* ---- ages, counted here ---- */
/** @param {[string, number | null, number]} row what, when it came last (0 = so lately that it is no news), how old it may be */
function ageBlock([name, at, most]) {
  const isYoung = at === 0, age = isYoung ? most / 2 : at === null ? null : Math.max(0, clock.now() - at);
  const isStale = age !== null && age > most, words = isYoung ? `< ${wholeAge(age)}` : fmt.age(age);
  const title = age === null ? "Nothing of it has come yet" : isStale ? "Stale" : "";
  return html`<tr>
    <td>${name}</td>
    <td class="num strong" data-tone=${isStale ? "warn" : ""} title=${title}>${words}</td>
    <td class="qt-c-age"><i data-stale=${isStale ? "1" : "0"} style="width: ${Math.min(100, 100 * (age ?? 0) / most)}%"></i></td>
    <td class="num soft">${fmt.age(most).replace(".0 s", " s").replace(" 00 s", "")}</td>
  </tr>`;
}

function drawAges() {
  const body = maybe(document, "[data-qt-ages]"), rows = model.ages?.rows;
  if (body && rows) {
    render(rows.map(ageBlock), body);
  }
}
onPart("ages", drawAges);
every(AGES_MS, drawAges);

onNodes(() => {
  const links = document.querySelector("[data-qt-links]"), list = document.querySelector("[data-qt-happened]");
  if (links && !links.firstChild) {
    drawLinks();
    drawVerdict();
    drawAges();
  }
  if (list && !list.firstChild) {
    drawHappened();
  }
});

/* ---- called by Dash ---- */
/** @param {string} text */
const say = (text) => setProps("health-said", { children: text });

clientside("qtHealth", {
  copy(/** @type {{text?: string} | null} */ report) {
    const text = report?.text;
    if (text) {
      window.navigator.clipboard.writeText(text).then(
        () => say(`Copied, ${text.split("\n").length} lines.`), () => say("The browser does not allow copying here."));
    }
    return noUpdate();
  },
  show(/** @type {string} */ value) {
    const card = document.getElementById("health-happened");
    if (card) {
      card.dataset.show = value;
    }
    return noUpdate();
  },
});

/* ---- reconnect: sooner than this the server would refuse the next one ---- */
const RECONNECT_MS = 5200;
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("#health-reconnect") : null;
  if (button instanceof HTMLButtonElement) {
    window.setTimeout(() => {   // once the click is taken
      button.disabled = true;
    });
    window.setTimeout(() => {
      button.disabled = false;
    }, RECONNECT_MS);
  }
});
