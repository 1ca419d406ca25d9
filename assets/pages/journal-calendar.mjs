/** The journal's calendar: a month with the sums of its weeks, the year as a heatmap, and what happened on the day chosen. */
import * as clock from "../core/clock.mjs";
import * as fmt from "../core/format.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";
import { curve } from "./journal-curve.mjs";
import { dayText, monthOn, monthText, shortNet } from "./journal-query.mjs";
import { money, symbol, whenText } from "./journal-table.mjs";

/**
 * Money of a day or of a sum of days; null = not known.
 * @typedef {{net: number | null, gross: number | null, fees: number | null, carry: number | null, change: number | null,
 *   trips: number, wins: number, losses: number, fills: number, pending: number, lacks: string}} Sum
 */
/** @typedef {Sum & {day: string, out: boolean, closed: boolean, noted: boolean}} Day */
/** @typedef {{days: Day[], sum: Sum, covers: string}} Week */

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** @param {Sum} sum */
function counts(sum) {
  const parts = [];
  if (sum.trips) {
    parts.push(`${sum.trips} ${sum.trips === 1 ? "trip" : "trips"}`, `${sum.wins}–${sum.losses}`);
  } else if (sum.fills) {
    parts.push(`${sum.fills} ${sum.fills === 1 ? "fill" : "fills"}`);
  }
  if (sum.pending) {
    parts.push("fee pending");
  }
  return parts.join(" · ");
}

/** The four numbers of a day, each by its name. @param {Sum} sum @param {string} currency */
export function words(sum, currency) {
  const lines = [
    `Realised, net of fees: ${fmt.signed(sum.net)} ${currency}`,
    `Realised, gross: ${fmt.signed(sum.gross)}`,
    `Commissions and taxes: ${fmt.number(sum.fees, 2)}`,
    `Change of unrealised: ${fmt.signed(sum.change)}`,
  ];
  if (sum.carry) {
    lines.push(`Dividends, interest and the like: ${fmt.signed(sum.carry)}`);
  }
  return [...lines, counts(sum), sum.lacks].filter(Boolean).join("\n");
}

/** @param {Sum} sum */
function amount(sum) {
  if (!sum.trips && !sum.fills && !sum.net) {
    return nothing;
  }
  return html`<b class="qt-jnet" data-tone=${fmt.isMissing(sum.net) ? "missing" : fmt.tone(sum.net, 0)}><span class="qt-jwhole">${
    fmt.signed(sum.net, 0)}</span><span class="qt-jshort" aria-hidden="true">${shortNet(sum.net)}</span></b>`;
}

/** Which of three steps of its colour a day has. @param {number | null} net @param {number} most */
export function stepOf(net, most) {
  if (net === null || net === undefined || !most || fmt.tone(net, 0) === "flat") {
    return 0;
  }
  const share = Math.abs(net) / most, step = share > 0.5 ? 3 : share > 0.15 ? 2 : 1;
  return net > 0 ? step : -step;
}

/** @param {Day} day @param {any} data @param {(changes: Record<string, string>) => void} choose */
function cell(day, data, choose) {
  if (day.out) {
    return html`<td class="qt-jday" data-out="1"></td>`;
  }
  const isOpen = data.detail?.day === day.day;
  const open = () => choose({ day: isOpen ? "" : day.day });
  return html`<td class="qt-jday" data-step=${stepOf(day.net, data.most)} data-today=${day.day === data.today ? "1" : nothing}
    data-closed=${day.closed ? "1" : nothing} data-value=${day.net ?? ""}><button type="button" data-tip=${words(day, data.money.currency)}
    aria-pressed=${String(isOpen)} data-jday=${day.day} @click=${open}><span class="qt-jnumber"><span class="visually-hidden">${dayText(day.day)}: </span><span aria-hidden="true">${
    Number(day.day.slice(8))}</span>${
    day.noted ? html`<i class="bi bi-pencil-fill" aria-hidden="true"></i>` : nothing}</span>${amount(day)}<span
    class="qt-jcount">${counts(day)}</span></button></td>`;
}

/** @param {any} data @param {(changes: Record<string, string>) => void} choose */
export function month(data, choose) {
  const go = (/** @type {number} */ by) => choose({ month: monthOn(data.month, by), day: "" });
  const heads = data.weekend ? WEEKDAYS : WEEKDAYS.slice(0, 5);
  /** @type {Week[]} */
  const weeks = data.weeks.filter((/** @type {Week} */ week) => week.days.slice(0, heads.length).some((day) => !day.out));
  return html`<div class="qt-jmonthhead"><button type="button" class="qt-icon-button bi bi-chevron-left" aria-label="Month before"
    @click=${() => go(-1)}></button><h3 aria-live="polite">${monthText(data.month)}</h3><button type="button"
    class="qt-icon-button bi bi-chevron-right" aria-label="Month after" ?disabled=${data.month >= data.today.slice(0, 7)}
    @click=${() => go(1)}></button><span class="qt-push"></span><span class="qt-jsum" title=${words(data.sum, data.money.currency)}>${
    money(data.sum.net)} <span class="qt-soft">${data.money.words}${counts(data.sum) ? ` · ${counts(data.sum)}` : ""}</span></span></div>
    <table class="qt-jcalendar"><caption class="visually-hidden">Realised P&L by trade date, ${monthText(data.month)}</caption>
    <thead><tr>${heads.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col">Week</th></tr></thead>
    <tbody>${weeks.map((week) => html`<tr>${week.days.slice(0, heads.length).map((day) => cell(day, data, choose))}
      <td class="qt-jweek" data-tip=${`${week.covers}\n${words(week.sum, data.money.currency)}`} data-value=${week.sum.net ?? ""}><span
      class="qt-jcovers">${week.covers.replace(/ .*/, "")}<span class="qt-spare"> ${week.covers.replace(/^\S+ /, "")}</span></span>${amount(week.sum)}<span class="qt-jcount">${counts(week.sum)}</span></td></tr>`)}</tbody></table>${
    data.lacks ? html`<p class="qt-soft qt-jnone">${data.lacks}</p>` : nothing}`;
}

/** @param {any} data @param {(changes: Record<string, string>) => void} choose */
export function year(data, choose) {
  /** @type {Array<{month: string, sum: Sum, days: Array<{day: string, net: number | null}>}>} */
  const months = data.year.months;
  const show = (/** @type {string} */ name) => choose({ month: name, day: "" });
  return html`<table class="qt-jyear"><caption class="visually-hidden">Realised P&L of each day of ${data.year.year}</caption>
    <thead class="visually-hidden"><tr><th scope="col">Month</th><th scope="col">Days</th><th scope="col" class="num">Sum</th></tr></thead>
    <tbody>${months.map((each) => html`<tr><th scope="row"><button type="button" class="qt-jlink" aria-current=${
      each.month === data.month ? "true" : nothing} @click=${() => show(each.month)}>${monthText(each.month).slice(0, 3)}</button></th>
      <td><span class="qt-jstrip">${each.days.map((day) => html`<i data-step=${stepOf(day.net, data.year.most)} data-tip=${
        `${dayText(day.day)}: ${day.net === null ? "nothing closed" : fmt.signed(day.net)}`}></i>`)}</span></td>
      <td class="num" data-value=${each.sum.net ?? ""}>${each.sum.trips || each.sum.net ? money(each.sum.net, "", 0) : fmt.MISSING}</td></tr>`)}</tbody></table>`;
}

/**
 * The day that is open: its numbers, its curve, its trades, and what the trader wrote to it.
 * @param {any} data @param {(row: any) => unknown} note the form of its note
 */
export function detail(data, note) {
  const day = data.detail, currency = data.money.currency;
  const figures = [
    ["Net", money(day.sum.net)], ["Gross", money(day.sum.gross)], ["Fees", fmt.number(day.sum.fees, 2)],
    ["Change of unrealised", money(day.sum.change)], ["Carry", money(day.sum.carry)],
    ["Trips closed", `${day.sum.trips} (${day.sum.wins} won, ${day.sum.losses} lost)`],
  ];
  const drawn = curve(day.curve, {
    tall: 150, label: `Day P&L of ${dayText(day.day)}; the figures beside it give its sums`,
    tick: (at) => clock.clockText(at, "hm"), told: (at) => clock.clockText(at, "hms"),
  });
  return html`<div class="qt-jdetail"><div><dl class="qt-jfigures">${figures.map(([name, value]) =>
    html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>${day.sum.lacks ? html`<p class="qt-soft">${day.sum.lacks}</p>` : nothing}
    ${note(day)}</div><div>${drawn === nothing ? html`<p class="qt-soft qt-jnone">${data.whole
      ? "No curve of this day: QTrade was not running, or its points are no longer kept."
      : "The curve is that of the whole account: take the filters off to see it."}</p>` : drawn}</div></div>
    ${day.trades.length ? html`<div class="qt-scroll-x" tabindex="0" role="group" aria-label="Trades of the day"><table class="qt-table"><caption class="visually-hidden">Trades closed on ${dayText(day.day)}</caption>
    <thead><tr><th scope="col">Symbol</th><th scope="col">Side</th><th scope="col" class="qt-spare">Opened</th><th scope="col">Closed</th><th
      scope="col" class="num qt-spare">Quantity</th><th scope="col" class="num qt-spare">Gross, ${currency}</th><th scope="col" class="num">Net, ${currency}</th></tr></thead>
    <tbody>${day.trades.map((/** @type {any} */ row) => html`<tr><td data-value=${row.sym}>${symbol(row)}</td><td>${row.side}</td><td class="qt-spare"
      data-at=${row.opened}>${whenText(row.opened)}</td><td data-at=${row.at}>${clock.clockText(row.at, "hms")}${
      row.part ? html` <span class="qt-soft">part</span>` : nothing}</td><td class="num qt-spare">${fmt.quantity(row.qty)}</td>
      <td class="num qt-spare" data-value=${row.gross ?? ""}>${money(row.gross)}</td><td class="num" data-value=${row.net ?? ""}>${
      row.pending ? html`<span class="qt-soft" title="The commission has not been reported yet">pending</span>` : money(row.net)}</td></tr>`)}</tbody></table></div>`
    : html`<p class="qt-soft qt-jnone">No trade was closed on this day.</p>`}`;
}
