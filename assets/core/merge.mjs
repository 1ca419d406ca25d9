/**
 * The rules by which a delta of the feed changes the browser's copy of a view: the mirror of app/feed.py. Pure.
 *
 * A delta is {set: {part: {key: value}}, del: {part: [key]}, drop: [part], full}. Rows of "grid:" and "rows:" parts merge by
 * field, points of "tail:" parts are added and the oldest forgotten, anything else is replaced.
 */

/** @typedef {Record<string, any>} Part */
/** @typedef {Record<string, Part>} Model */
/** @typedef {{full?: boolean, set?: Model, del?: Record<string, string[]>, drop?: string[], since?: string | null,
 *   cursor?: string | null, path?: string | null, page?: string, snapshot?: number | null}} Delta */
/** @typedef {{part: string, changed: Part, removed: string[], full: boolean}} Change */

const TAIL_MOST = 600;

/**
 * @param {string} name
 * @param {Part} target changed in place
 * @param {Part} values
 */
function mergePart(name, target, values) {
  const byField = name.startsWith("grid:") || name.startsWith("rows:");
  for (const [key, value] of Object.entries(values)) {
    if (byField && target[key]) {
      Object.assign(target[key], value);
    } else {
      target[key] = value;
    }
  }
  if (name.startsWith("tail:")) {
    const keys = Object.keys(target);
    keys.slice(0, Math.max(0, keys.length - TAIL_MOST)).forEach((key) => delete target[key]);
  }
}

/**
 * Put a part in the place of what was there.
 * @param {Model} model changed in place
 * @param {string} part
 * @param {Part} values
 * @returns {Change}
 */
export function replacePart(model, part, values) {
  const removed = Object.keys(model[part] || {}).filter((key) => !(key in values));
  model[part] = values;
  return { part, changed: values, removed, full: true };
}

/**
 * Forget a part.
 * @param {Model} model changed in place
 * @param {string} part
 * @param {boolean} full
 * @returns {Change}
 */
export function dropPart(model, part, full) {
  const removed = Object.keys(model[part] || {});
  delete model[part];
  return { part, changed: {}, removed, full };
}

/**
 * @param {Model} model changed in place
 * @param {Delta} delta
 * @returns {Change[]} what to tell whoever draws: all of `model` is changed before the first is told
 */
export function mergeDelta(model, delta) {
  const set = delta.set || {};
  if (delta.full) {
    const gone = Object.keys(model).filter((part) => !(part in set));
    return [
      ...gone.map((part) => dropPart(model, part, true)),
      ...Object.entries(set).map(([part, values]) => replacePart(model, part, values)),
    ];
  }
  const changes = (delta.drop || []).map((part) => dropPart(model, part, false));
  const del = delta.del || {};
  for (const part of Object.keys({ ...set, ...del })) {
    const changed = set[part] || {}, removed = del[part] || [];
    model[part] = model[part] || {};
    mergePart(part, model[part], changed);
    removed.forEach((key) => delete model[part][key]);
    changes.push({ part, changed, removed, full: false });
  }
  return changes;
}

/**
 * Whether a delta leads on from what is here: polls may overtake each other, and a delta of another page or from another
 * cursor would leave rows with half their fields.
 * @param {Delta} delta
 * @param {string | null} have the cursor of what is here
 * @param {string} at the page's address
 */
export function leadsOn(delta, have, at) {
  if (delta.path !== undefined && (delta.path || "/") !== at) {
    return false;
  }
  return Boolean(delta.full) || delta.since === have;
}
