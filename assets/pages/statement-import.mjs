/**
 * Statements into the journal: a place to drop files, their reports, and for which days statements have been read.
 * <div data-qt-statements="drop|coverage|reports"> out of `/api/v1/journal/statements` (app/statement_route.py).
 */
import { html, nothing, render } from "../vendor/lit-html.mjs";
import { clockText } from "../core/clock.mjs";
import { maybe } from "../core/dom.mjs";
import { every, onWatched } from "../core/every.mjs";
import { onNodes } from "../core/model.mjs";
import { inTab, onTab } from "../core/tabs.mjs";
import { STATEMENTS_PATH } from "../core/wire.mjs";

/** @typedef {{line: number, section: string, reason: string}} RefusedRow */
/** @typedef {{account: string, symbol: string, day: string, what: string, was: string, told: string}} Correction */
/** @typedef {{name: string, words: string, choices: Array<{value: string, words: string}>}} Question */
/** @typedef {Record<"new" | "known" | "enriched" | "superseded" | "refused", number>} Counts */
/** @typedef {{id: number, at_wall: number, file: string, status: string, why: string, kind: string, accounts: string[],
 *   from_day: string, to_day: string, rows: number, taken: number, counts: Counts, sections: Record<string, Counts>,
 *   other_level: number, beside: Record<string, number>, withdrawn: number, refused: RefusedRow[], corrected: Correction[],
 *   corrected_count: number, notes: string[], questions: Question[], first_read_wall: number | null}} Report */
/** @typedef {{first: string, last: string, days: number, words: string}} Gap */
/** @typedef {{account: string, first: string, last: string, days: number, covered: number, missing: Gap[], words: string}} Coverage */
/** @typedef {{reading: {file: string, text: string} | null, folder: {path: string, problem: string, waiting: number},
 *   coverage: Coverage[], reports: Report[]}} Told */

const AGAIN_MS = 10000, SOON_MS = 1000, MOST_BYTES = 64 * 2 ** 20, MOST_SHOWN = 20;
const FILE_TYPE = "application/octet-stream";
const WORDS = /** @type {const} */ ([
  ["new", "new"], ["known", "known"], ["enriched", "completed"], ["superseded", "replaced another"], ["refused", "refused"],
]);

/** Sections of a Flex statement as people call them; others stand for themselves. @type {Record<string, string>} */
const SECTIONS = {
  TradeConfirms: "Trade confirmations", CashTransactions: "Cash", CorporateActions: "Corporate actions", OptionEAE: "Assignments and expiries",
  ChangeInNAV: "Change in value", EquitySummaryInBase: "Value by day", NetAssetValue: "Value", OpenPositions: "Positions",
  ConversionRates: "Exchange rates", AccountInformation: "account information", SecuritiesInfo: "instruments",
};
const sectionText = (/** @type {string} */ name) => SECTIONS[name] ?? name.replace(/([a-z])([A-Z])/g, (_all, one, other) => `${one} ${other.toLowerCase()}`);

/** What the server said last; null = nothing yet. @type {Told | null} */
let told = null;
/** Why it could not be asked; "" = it could. */
let problem = "";
/** The report that is shown large: of this page's last import, or one that was chosen. @type {Report | null} */
let shown = null;
/** Files that wait for their turn, the first is under way. @type {File[]} */
let waiting = [];
/** Of the file that the questions are about, and what has been answered of them. @type {{file: File, answers: Record<string, string>} | null} */
let asked = null;
let isOver = false;   // a file hangs over the place

/** @param {string} key */
const place = (key) => maybe(document, `[data-qt-statements="${key}"]`);

function isSeen() {
  const drop = place("drop");
  return drop !== null && inTab(drop);
}

/* ---- asking ---- */
async function look() {
  if (!isSeen()) {
    return;
  }
  try {
    const answer = await fetch(STATEMENTS_PATH, { cache: "no-store" });
    if (!answer.ok) {
      throw new Error(`answer ${answer.status}`);
    }
    told = await answer.json();
    problem = "";
  } catch {
    problem = "The server does not answer; it is asked again.";
  }
  draw();
}

/** @param {File} file @param {Record<string, string>} answers @returns {Promise<Report | string>} a text = why it failed */
async function send(file, answers) {
  if (file.size > MOST_BYTES) {
    return `${file.name} has ${Math.round(file.size / 2 ** 20)} MB; at most 64 MB are read. Take a statement of a shorter period.`;
  }
  const query = new URLSearchParams({ name: file.name, ...answers });
  try {
    const answer = await fetch(`${STATEMENTS_PATH}?${query}`, { method: "POST", body: file, headers: { "Content-Type": FILE_TYPE } });
    const body = await answer.json();
    return answer.ok ? body : body.error;
  } catch {
    return `${file.name} could not be sent. Is QTrade still running?`;
  }
}

/** @param {File} file @param {string} why @returns {Report} what stands in the place of a report that there is not */
function failed(file, why) {
  const counts = { new: 0, known: 0, enriched: 0, superseded: 0, refused: 0 };
  return {
    id: 0, at_wall: Date.now() / 1000, file: file.name, status: "refused", why, kind: "", accounts: [], from_day: "", to_day: "",
    rows: 0, taken: 0, counts, sections: {}, other_level: 0, beside: {}, withdrawn: 0, refused: [], corrected: [],
    corrected_count: 0, notes: [], questions: [], first_read_wall: null,
  };
}

/** One after the other. @param {File[]} files @param {Record<string, string>} [answers] */
async function take(files, answers = {}) {
  const isIdle = !waiting.length;
  waiting.push(...files);
  if (!isIdle) {
    draw();
    return;
  }
  shown = asked = null;
  while (waiting.length) {
    const file = waiting[0];
    draw();
    const said = await send(file, answers), report = typeof said === "string" ? failed(file, said) : said;
    waiting.shift();
    shown = report;
    if (report.status === "asks") {
      asked = { file, answers };
      waiting = [];
    }
  }
  await look();
  draw();
}

async function cancel() {
  waiting.splice(1);
  await fetch(`${STATEMENTS_PATH}/cancel`, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } }).catch(() => undefined);
}

/** @param {string} name @param {string} value */
function answer(name, value) {
  if (!asked || !shown) {
    return;
  }
  const answers = { ...asked.answers, [name]: value }, file = asked.file;
  if (shown.questions.every((question) => question.name in answers)) {
    take([file], answers);
  } else {
    asked = { file, answers };
    draw();
  }
}

/* ---- drawing ---- */
/** "8 Nov 2025" of "20251108". @param {string} day */
function dayText(day) {
  const at = new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? "–"
    : new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).format(at);
}

/** When this computer did it. @param {number} wall */
const whenText = (wall) => `${clockText(wall, "day")} ${clockText(wall, "hm")}`;

/** @param {Report} report */
function daysText(report) {
  return report.from_day ? `${dayText(report.from_day)} – ${dayText(report.to_day)}` : "days not told";
}

const count = (/** @type {number} */ n) => n.toLocaleString("en-US");

/** @param {Counts} counts */
function countsText(counts) {
  return WORDS.filter(([name]) => counts[name]).map(([name, word]) => `${count(counts[name])} ${word}`).join(", ") || "nothing";
}

/** @param {Report} report */
function headline(report) {
  const at = { read: "was read", "already read": "was read before: nothing is changed", refused: "was not taken", cancelled: "was not finished" };
  return report.status === "asks" ? "needs an answer" : at[/** @type {keyof typeof at} */ (report.status)] ?? report.status;
}

const GLYPHS = { read: "check-circle", "already read": "check-circle", refused: "x-circle", cancelled: "slash-circle", asks: "question-circle" };

/** @param {Report} report */
function statusMark(report) {
  const glyph = GLYPHS[/** @type {keyof typeof GLYPHS} */ (report.status)] ?? "circle";
  const tone = report.status === "refused" ? "loss" : report.status === "read" || report.status === "already read" ? "gain" : "warn";
  return html`<i class="bi bi-${glyph}" data-tone=${tone} aria-hidden="true"></i>`;
}

/** @param {Report} report */
function sections(report) {
  const names = Object.keys(report.sections);
  if (!names.length) {
    return nothing;
  }
  return html`<div class="qt-scroll-x" tabindex="0" role="region" aria-label="Rows by section"><table class="qt-table qt-statement-table">
    <thead><tr><th>Section</th>${WORDS.map(([, word]) => html`<th class="num">${word}</th>`)}</tr></thead>
    <tbody>
      ${names.map((name) => html`<tr><td>${sectionText(name)}</td>
        ${WORDS.map(([key]) => html`<td class="num">${report.sections[name][key] ? count(report.sections[name][key]) : "–"}</td>`)}</tr>`)}
      <tr class="qt-statement-sum"><td>${count(report.taken)} rows</td>${WORDS.map(([key]) => html`<td class="num">${count(report.counts[key])}</td>`)}</tr>
    </tbody></table></div>`;
}

/** Rows that none of the five counts hold. @param {Report} report */
function beside(report) {
  const others = Object.entries(report.beside).map(([name, n]) => `${count(n)} ${sectionText(name).toLowerCase()}`).join(", ");
  return [
    ...(report.other_level ? [`${count(report.other_level)} rows tell the same once more, as order, lot or sum: not counted.`] : []),
    ...(others ? [`Not used here: ${others}.`] : []),
    ...(report.withdrawn ? [`${count(report.withdrawn)} rows of an earlier statement are not in this newer one: marked "withdrawn", they count no more.`] : []),
    ...report.notes,
  ];
}

/** @param {Report} report */
function corrected(report) {
  if (!report.corrected_count) {
    return nothing;
  }
  return html`<details class="qt-statement-more" open><summary>${count(report.corrected_count)} corrected by the statement</summary><ul>
    ${report.corrected.slice(0, MOST_SHOWN).map((row) => html`<li>${row.symbol}, ${dayText(row.day)}: ${row.what} ${row.was} → <b>${row.told}</b></li>`)}
    ${report.corrected_count > MOST_SHOWN ? html`<li>and ${count(report.corrected_count - MOST_SHOWN)} more</li>` : nothing}</ul></details>`;
}

/** @param {Report} report */
function refused(report) {
  if (!report.counts.refused) {
    return nothing;
  }
  const more = report.counts.refused - Math.min(report.refused.length, MOST_SHOWN);
  return html`<details class="qt-statement-more" open><summary>${count(report.counts.refused)} refused</summary><ul>
    ${report.refused.slice(0, MOST_SHOWN).map((row) => html`<li>line ${count(row.line)}, ${sectionText(row.section)}: ${row.reason}</li>`)}
    ${more > 0 ? html`<li>and ${count(more)} more</li>` : nothing}</ul></details>`;
}

/** @param {Report} report */
function questions(report) {
  if (report.status !== "asks" || !asked) {
    return nothing;
  }
  const given = asked.answers;
  return report.questions.map((question) => html`<fieldset class="qt-statement-ask"><legend>${question.words}</legend>
    ${question.choices.map((choice) => html`<button type="button" class="qt-button" aria-pressed=${given[question.name] === choice.value ? "true" : "false"}
      @click=${() => answer(question.name, choice.value)}>${choice.words}</button>`)}</fieldset>`);
}

/** @param {Report} report */
function reportBody(report) {
  const about = [report.kind, report.accounts.join(", "), report.from_day ? daysText(report) : ""].filter(Boolean).join(" · ");
  return html`<article class="qt-statement-report" data-status=${report.status} aria-live="polite">
    <h3>${statusMark(report)} <span class="qt-statement-name">${report.file}</span> ${headline(report)}</h3>
    ${about ? html`<p class="qt-soft">${about}</p>` : nothing}
    ${report.why ? html`<p>${report.why}</p>` : nothing}
    ${report.status === "already read" && report.first_read_wall ? html`<p>First read ${whenText(report.first_read_wall)}: ${countsText(report.counts)}.</p>` : nothing}
    ${questions(report)}
    ${report.status === "read" ? sections(report) : nothing}
    ${corrected(report)}${refused(report)}
    ${beside(report).map((words) => html`<p class="qt-soft">${words}</p>`)}
  </article>`;
}

/** @param {Event} event */
function chosen(event) {
  const input = /** @type {HTMLInputElement} */ (event.target), files = Array.from(input.files ?? []);
  input.value = "";
  if (files.length) {
    take(files);
  }
}

/** @param {DragEvent} event */
function over(event) {
  event.preventDefault();
  if (!isOver) {
    isOver = true;
    draw();
  }
}

function out() {
  isOver = false;
  draw();
}

/** @param {DragEvent} event */
function dropped(event) {
  event.preventDefault();
  out();
  const files = Array.from(event.dataTransfer?.files ?? []);
  if (files.length) {
    take(files);
  }
}

function underWay() {
  const reading = told?.reading, file = waiting[0]?.name ?? reading?.file ?? "";
  if (!file) {
    return nothing;
  }
  const rest = waiting.length > 1 ? `, ${waiting.length - 1} more wait` : "";
  return html`<p class="qt-statement-busy" role="status"><i class="qt-statement-spin" aria-hidden="true"></i>
    <span>Reading <b>${file}</b>${reading ? ` · ${reading.text}` : ""}${rest}</span>
    <button type="button" class="qt-button qt-button-small" @click=${cancel}>Cancel</button></p>`;
}

function folderWords() {
  const folder = told?.folder;
  if (!folder?.path) {
    return nothing;
  }
  const queue = folder.waiting ? ` ${count(folder.waiting)} wait there.` : "";
  return folder.problem ? html`<p class="qt-statement-problem">${folder.problem}</p>`
    : html`<p class="qt-soft">Files laid into <span class="qt-path">${folder.path}</span> are read by themselves.${queue}</p>`;
}

function drop() {
  return html`
    <label class="qt-statement-zone" data-over=${isOver ? "1" : nothing} @dragenter=${over} @dragover=${over} @dragleave=${out} @drop=${dropped}>
      <i class="bi bi-file-earmark-arrow-down" aria-hidden="true"></i>
      <span><b>Drop a statement here</b>, or <span class="qt-statement-pick">choose a file</span></span>
      <span class="qt-soft">Flex Query (XML or CSV), or Activity Statement (CSV, English or German). The same file twice changes nothing.</span>
      <input type="file" class="visually-hidden" multiple accept=".xml,.csv,.txt" aria-label="Choose statements to import" @change=${chosen}>
    </label>
    ${folderWords()}
    ${problem ? html`<p class="qt-statement-problem" role="status">${problem}</p>` : nothing}
    ${underWay()}
    ${shown && !waiting.length ? reportBody(shown) : nothing}`;
}

/** Where a day lies between the first and the last, in percent. @param {string} day @param {Coverage} of @param {number} [more] */
function at(day, of, more = 0) {
  const time = (/** @type {string} */ text) => Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`) / 86400000;
  const from = time(of.first), span = time(of.last) + 1 - from;
  return Math.max(0, Math.min(100, ((time(day) + more - from) / span) * 100));
}

/** @param {Coverage} of */
function strip(of) {
  if (!of.days) {
    return html`<p class="qt-soft">No statement has been read.</p>`;
  }
  const gaps = of.missing.map((gap) => {
    const from = at(gap.first, of), to = at(gap.last, of, 1);
    const where = `left:${from.toFixed(2)}%;width:${Math.max(0.4, to - from).toFixed(2)}%`;
    return html`<i style=${where} title=${`no statement: ${gap.words}, ${gap.days} trading days`}></i>`;
  });
  return html`<div class="qt-statement-strip" role="img" aria-label=${of.words}>${gaps}</div>
    <div class="qt-statement-ends"><span>${dayText(of.first)}</span><span>${dayText(of.last)}</span></div>
    <p>Statements for <b>${count(of.covered)}</b> of ${count(of.days)} trading days${of.missing.length ? html`. <span class="qt-statement-missing">Missing:
      ${of.missing.slice(-MOST_SHOWN).map((gap) => gap.words).join(", ")}${of.missing.length > MOST_SHOWN ? ` and ${of.missing.length - MOST_SHOWN} stretches before` : ""}</span>` : ", none is missing"}.</p>`;
}

function coverage() {
  if (!told) {
    return html`<p class="qt-soft">${problem || "Looking ..."}</p>`;
  }
  if (!told.coverage.length) {
    return html`<p class="qt-soft">Your accounts are known once QTrade has been connected.</p>`;
  }
  return told.coverage.map((each) => html`<section class="qt-statement-account"><h3>${each.account}</h3>${strip(each)}</section>`);
}

function reports() {
  const list = told?.reports ?? [];
  if (!list.length) {
    return html`<p class="qt-soft qt-statement-none">${told ? "Nothing has been imported yet." : problem || "Looking ..."}</p>`;
  }
  return html`<div class="qt-scroll-x" tabindex="0" role="region" aria-label="Imports"><table class="qt-table qt-statement-table">
    <thead><tr><th>Read</th><th>File</th><th>Account</th><th>Days</th><th class="wide">What came of it</th></tr></thead>
    <tbody>${list.map((report) => html`<tr>
      <td class="soft">${whenText(report.at_wall)}</td>
      <td>${statusMark(report)} <button type="button" class="qt-link qt-statement-open" @click=${() => open(report)}>${report.file}</button></td>
      <td>${report.accounts.join(", ") || "–"}</td>
      <td class="soft">${report.from_day ? daysText(report) : "–"}</td>
      <td class="wide">${report.status === "read" ? countsText(report.counts) : report.why}</td></tr>`)}</tbody></table></div>`;
}

/** @param {Report} report */
function open(report) {
  shown = report;
  asked = null;
  draw();
  place("drop")?.querySelector("article")?.scrollIntoView({ block: "nearest" });
}

function draw() {
  for (const [key, template] of /** @type {const} */ ([["drop", drop], ["coverage", coverage], ["reports", reports]])) {
    const holder = place(key);
    if (holder) {
      render(template(), holder);
    }
  }
}

/* A file that misses the place must not be opened by the browser in the page's stead. */
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => isSeen() && event.preventDefault());
}
onNodes(() => {
  if (place("drop")) {
    draw();
    look();
  }
});
onTab(look);
onWatched(look);
every(AGAIN_MS, look);
every(SOON_MS, () => (waiting.length || told?.reading) && look());
