/** Squarified treemaps (Bruls, Huizing, van Wijk 2000): where tiles of values lie, each as near to a square as it gets. Pure. */

/** @typedef {{x: number, y: number, w: number, h: number}} Box */

/** The worst proportion of a row of areas along a side. @param {number} sum @param {number} least @param {number} most @param {number} side */
function worst(sum, least, most, side) {
  return Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
}

/**
 * The boxes of values that fall, in their order; nothing has no box.
 * @param {number[]} values above zero, the largest first
 * @param {number} width
 * @param {number} height
 * @returns {Box[]}
 */
export function squares(values, width, height) {
  const whole = values.reduce((sum, value) => sum + value, 0), scale = whole > 0 ? (width * height) / whole : 0;
  const areas = values.map((value) => value * scale);
  /** @type {Box[]} */
  const boxes = [];
  let x = 0;
  let y = 0;
  let w = width;
  let h = height;
  for (let from = 0; from < areas.length;) {
    const side = Math.min(w, h);
    let sum = areas[from];
    let until = from + 1;
    while (until < areas.length
      && worst(sum + areas[until], areas[until], areas[from], side) <= worst(sum, areas[until - 1], areas[from], side)) {
      sum += areas[until];
      until += 1;
    }
    const deep = side > 0 ? sum / side : 0, isColumn = w >= h;
    let along = 0;
    for (const area of areas.slice(from, until)) {
      const long = deep > 0 ? area / deep : 0;
      boxes.push(isColumn ? { x, y: y + along, w: deep, h: long } : { x: x + along, y, w: long, h: deep });
      along += long;
    }
    [x, y, w, h] = isColumn ? [x + deep, y, w - deep, h] : [x, y + deep, w, h - deep];
    from = until;
  }
  return boxes;
}
