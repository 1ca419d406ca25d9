/** What we use of lit-html 3.3.3. */

/** Part of a page, as a template says it. */
export interface TemplateResult {
  strings: TemplateStringsArray;
  values: unknown[];
}
export function html(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
/** As `html`, inside an <svg>. */
export function svg(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult;
/** Draw into `container`; what is there of the last drawing is changed in place. */
export function render(value: unknown, container: HTMLElement | DocumentFragment): unknown;
/** An attribute that is left out, a child that is none. */
export const nothing: unique symbol;
