/* Health page: the verdict's sign, the connection time line, what happened, ages, the report to copy. */
import { every } from "../core/every.mjs";
import * as clock from "../core/clock.mjs";
import { clientside, noUpdate, setProps } from "../core/dash.mjs";
import * as fmt from "../core/format.mjs";
import { wholeAge } from "../core/freshness.mjs";
import { get, model, onNodes, onPart } from "../core/model.mjs";

const LEAST_S = 300;
const SIGNS = { pass: "check-circle-fill", warning: "exclamation-triangle-fill", error: "x-circle-fill" };
const ICONS = { pass: "check-circle", warning: "exclamation-triangle", error: "x-circle", info: "info-circle" };

function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) { element.className = cls; }
  if (text !== undefined && text !== null) { element.textContent = text; }
  return element;
}

onPart("health", drawVerdict);
function drawVerdict() {
  const sign = document.querySelector("[data-qt-verdict]"), kind = get("health.verdict_icon");
  if (!sign || !kind) { return; }
  sign.className = "qt-verdict-icon bi bi-" + (SIGNS[kind] || "circle");
  sign.dataset.kind = kind;
}

/* ---- the time line: spans in per cent of the time shown ---- */
function edges(tracks, now) {
  let first = now - LEAST_S;
  tracks.forEach((track) => { track[1].forEach((span) => { first = Math.min(first, span[0]); }); });
  return { from: Math.max(first, now - 12 * 3600), to: now };
}

function place(at, range) { return Math.min(100, Math.max(0, 100 * (at - range.from) / (range.to - range.from))); }

function spanNode(span, range) {
  const from = place(span[0], range), to = place(span[1] === null ? range.to : span[1], range);
  const node = make("i", "qt-span");
  node.dataset.state = span[2];
  node.style.left = from + "%";
  node.style.width = Math.max(to - from, 0.15) + "%";
  const words = span[2] === "idle" ? "idle, normal" : span[2];
  node.title = words + (span[3] ? " (" + span[3] + ")" : "") + ", since " + atText(span[0]) + ", " + fmt.age(Math.round((span[1] || range.to) - span[0]));
  const label = span[3] && to - from > 12 ? span[3] : to - from > 12 ? words + " since " + atText(span[0]) : "";
  if (label) { node.append(make("span", "", label)); }
  return node;
}

function atText(wall) { return clock.clockText(clock.market(wall), "hms"); }

function axis(range) {
  const holder = make("div", "qt-links-axis"), span = range.to - range.from;
  const step = [60, 300, 600, 900, 1800, 3600, 7200].find((s) => { return span / s <= 8; }) || 14400;
  const shift = clock.market(range.to) - range.to;
  for (let at = Math.ceil((range.from + shift) / step) * step - shift; at < range.to; at += step) {
    const tick = make("span", "", clock.clockText(clock.market(at), "hm"));
    tick.style.left = place(at, range) + "%";
    if (place(at, range) < 97) { holder.append(tick); }
  }
  return holder;
}

function drawLinks() {
  const holder = document.querySelector("[data-qt-links]"), part = model.links;
  if (!holder || !part || !part.tracks) { return; }
  const range = edges(part.tracks, clock.now()), rows = [];
  part.tracks.forEach((track) => {
    const row = make("div", "qt-track"), bar = make("div", "qt-track-bar");
    track[1].forEach((span) => { if ((span[1] || range.to) > range.from) { bar.append(spanNode(span, range)); } });
    row.append(make("div", "qt-track-name", track[0]), bar);
    rows.push(row);
  });
  rows.push(axis(range));
  holder.replaceChildren(...rows);
  holder.setAttribute("aria-label", "Connection over time: " + (part.outages || ""));
  const since = document.querySelector("[data-qt-links-since]");
  if (since) { since.textContent = "since " + atText(range.from); }
}
onPart("links", drawLinks);
every(10000, drawLinks);

/* ---- what happened: filled in place, so that a selected text stays selected ---- */
function fillItem(item, row) {
  const mark = JSON.stringify(row);
  if (item.qtMark === mark) { return; }
  item.qtMark = mark;
  item.dataset.open = row.open ? "1" : "0";
  const icon = make("i", "qt-icon bi bi-" + (ICONS[row.icon[0]] || "dot"));
  icon.dataset.tone = row.icon[1] === "pass" ? "gain" : row.icon[1];
  icon.setAttribute("role", "img");
  icon.setAttribute("aria-label", row.open ? row.icon[0] + ", open" : "over");
  const words = make("div", "qt-happened-words"), head = make("div", "qt-happened-title", row.title);
  if (row.code) { head.append(make("span", "qt-code", row.code)); }
  words.append(head, make("div", "qt-happened-text", row.text));
  if (row.cure) {
    const cure = make("div", "qt-happened-cure");
    cure.append(make("b", "", "Cure"), " " + row.cure);
    words.append(cure);
  }
  const side = make("div", "qt-happened-when");
  side.append(make("div", "", clock.clockText(row.at.at, "hm")), make("div", "qt-soft", row.count));
  item.replaceChildren(icon, words, side);
}

function drawHappened() {
  const list = document.querySelector("[data-qt-happened]"), rows = model["rows:happened"] || {};
  if (!list) { return; }
  list.qtItems = list.qtItems || {};
  const ids = Object.keys(rows).sort((a, b) => { return rows[a].order - rows[b].order; });
  Object.keys(list.qtItems).forEach((id) => { if (!rows[id]) { list.qtItems[id].remove(); delete list.qtItems[id]; } });
  ids.forEach((id, i) => {
    const item = list.qtItems[id] = list.qtItems[id] || make("li");
    fillItem(item, rows[id]);
    if (list.children[i] !== item) { list.insertBefore(item, list.children[i] || null); }
  });
}
onPart("rows:happened", drawHappened);

/* ---- ages: counted here, twice a second would be noise ---- */
function ageRow(body, i) {
  let row = body.children[i];
  if (!row) {
    row = make("tr");
    const meter = make("td", "qt-c-age");
    meter.append(make("i"));
    row.append(make("td"), make("td", "num strong"), meter, make("td", "num soft"));
    body.append(row);
  }
  return row.children;
}

function drawAges() {
  const body = document.querySelector("[data-qt-ages]"), rows = (model.ages || {}).rows;
  if (!body || !rows) { return; }
  while (body.children.length > rows.length) { body.lastElementChild.remove(); }
  rows.forEach((row, i) => {
    const cells = ageRow(body, i), young = row[1] === 0;
    const age = young ? row[2] / 2 : row[1] === null ? null : Math.max(0, clock.now() - row[1]);
    const stale = age !== null && age > row[2];
    set(cells[0], row[0]);
    set(cells[1], young ? `< ${wholeAge(age)}` : fmt.age(age));
    cells[1].dataset.tone = stale ? "warn" : "";
    cells[1].title = age === null ? "Nothing of it has come yet" : stale ? "Stale" : "";
    cells[2].firstChild.style.width = age === null ? "0" : Math.min(100, 100 * age / row[2]) + "%";
    cells[2].firstChild.dataset.stale = stale ? "1" : "";
    set(cells[3], fmt.age(row[2]).replace(".0 s", " s").replace(" 00 s", ""));
  });
}
function set(cell, text) { if (cell.textContent !== text) { cell.textContent = text; } }
onPart("ages", drawAges);
every(1000, drawAges);

onNodes(() => {
  const links = document.querySelector("[data-qt-links]"), list = document.querySelector("[data-qt-happened]");
  if (links && !links.firstChild) { drawLinks(); drawVerdict(); drawAges(); }
  if (list && !list.firstChild) { drawHappened(); }
});

/* ---- called by Dash ---- */
function none() { return noUpdate(); }
function say(text) {
  const said = document.getElementById("health-said");
  if (said) { setProps("health-said", { children: text }); }
}
clientside("qtHealth", {
  copy (report) {
    if (!report || !report.text) { return none(); }
    window.navigator.clipboard.writeText(report.text).then(() => {
      say("Copied, " + report.text.split("\n").length + " lines.");
    }, () => { say("The browser does not allow copying here."); });
    return none();
  },
  show (value) {
    const card = document.getElementById("health-happened");
    if (card) { card.dataset.show = value; }
    return none();
  }
});
