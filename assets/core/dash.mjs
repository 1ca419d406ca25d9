/**
 * The seam to Dash's renderer: properties set from here, answers of its callbacks watched for the server's silence.
 * Callbacks are for what a person does; what the engine says comes by core/poll.mjs.
 */
import { heard, pulse } from "./clock.mjs";
import { reloadNeeded } from "./reload.mjs";

const CALLBACK = "_dash-update-component";
const TIMEOUT_MS = 12000;
const dash = (window.dash_clientside = window.dash_clientside || {});

/** "No change" as the answer of a clientside callback. */
export const noUpdate = () => dash.no_update;

/** Functions that Dash calls by their names in app/callbacks. @param {string} name @param {Record<string, Function>} functions */
export function clientside(name, functions) {
  dash[name] = { ...dash[name], ...functions };
}

/**
 * Set properties of a component; false = it is not on the page (left by now, or not laid out yet: Dash would throw).
 * @param {string} id
 * @param {Record<string, unknown>} props
 */
export function setProps(id, props) {
  try {
    if (!window.dash_component_api.getLayout(id)) {
      return false;
    }
  } catch {
    return false;
  }
  dash.set_props(id, props);
  return true;
}

/** @typedef {(values: any[], words: string) => void} Refused */
/** @type {Refused[]} */
const refused = [];

/** Hear of each callback that the server did not carry out: what the page had sent it, and why. @param {Refused} fn */
export function onRefused(fn) {
  refused.push(fn);
}

/** @param {unknown} body of the request @param {Response} response */
async function tellRefused(body, response) {
  const said = await response.json().catch(() => ({}));
  const words = said.error ?? `The server did not take it (${response.status}).`;
  const values = JSON.parse(String(body)).inputs.flat().map((/** @type {{value: any}} */ input) => input.value);
  refused.forEach((fn) => fn(values, words));
}

const fetchBefore = window.fetch;
window.fetch = async function (resource, options) {
  const url = typeof resource === "string" ? resource : resource instanceof URL ? resource.href : resource.url;
  if (!url.includes(CALLBACK)) {
    return fetchBefore.call(this, resource, options);
  }
  const stop = new AbortController();
  const timer = window.setTimeout(() => stop.abort(), TIMEOUT_MS);
  pulse.open += 1;
  try {
    const response = await fetchBefore.call(this, resource, { ...options, signal: stop.signal });
    if (response.status === 409) {
      reloadNeeded("This page is from another build.");
    } else if (response.status >= 400) {
      void tellRefused(options?.body, response.clone());
    }
    if (response.status < 500) {
      heard(response);
    } else {
      pulse.failing = true;
    }
    return response;
  } catch (problem) {
    pulse.failing = true;
    throw problem;
  } finally {
    window.clearTimeout(timer);
    pulse.open -= 1;
  }
};
