/** The journal's equity curve: what trading made of the account, what came in or went out taken out; its longest drawdown. */
import * as clock from "../core/clock.mjs";
import * as fmt from "../core/format.mjs";
import { html, nothing } from "../vendor/lit-html.mjs";
import { curve } from "./journal-curve.mjs";
import { dayText } from "./journal-query.mjs";
import { figures } from "./journal-lists.mjs";
import { money } from "./journal-table.mjs";

/** @param {number} at UTC epoch seconds */
const when = (at) => clock.clockText(at, "date");

/** @param {any} data */
export function equity(data) {
  const { points, flows, shade } = data;
  return html`${figures(data)}${curve(points, { tall: 300, label: `Equity in ${data.money.currency} without deposits; the figures above tell it`,
    tick: when, told: when, zero: data.from_zero, shade })}
    ${shade ? html`<p class="qt-soft qt-jnone">Shaded: the longest drawdown.</p>` : nothing}
    ${points.length < 2 ? html`<p class="qt-soft qt-jnone">A curve needs two days that were recorded or told by a statement.</p>` : nothing}
    ${data.lacks ? html`<p class="qt-soft qt-jnone">${data.lacks}</p>` : nothing}
    ${flows.length ? html`<table class="qt-table"><caption class="visually-hidden">Deposits, withdrawals and transfers that are taken out</caption><thead><tr>
    <th scope="col">Day</th><th scope="col">What</th><th scope="col" class="num">Amount</th><th scope="col">Currency</th></tr></thead>
    <tbody>${flows.map((/** @type {any} */ flow) => html`<tr><td data-value=${flow.day}>${dayText(flow.day)}</td><td>${flow.what}</td><td class="num"
    data-value=${flow.amount}>${money(flow.amount)}</td><td>${flow.cur}</td></tr>`)}</tbody></table>`
    : html`<p class="qt-soft qt-jnone">${data.flows_words}</p>`}
    ${data.days.length ? html`<table class="qt-table qt-jequitydays"><caption class="visually-hidden">Equity by day</caption><thead><tr><th scope="col">Trade date</th>
    <th scope="col" class="num">${data.of_account ? "Result" : "Net of trades"}</th><th scope="col" class="num">Since the beginning</th></tr></thead><tbody>${data.days.slice(0, 60).map((/** @type {any} */ day) =>
    html`<tr><td data-value=${day.day}>${dayText(day.day)}</td><td class="num" data-value=${day.net}>${money(day.net)}</td><td class="num" data-value=${day.sum}>${
    fmt.signed(day.sum)}</td></tr>`)}</tbody></table>` : nothing}`;
}
