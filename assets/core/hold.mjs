/** Nothing changes places by itself. Pure. */

/**
 * The order in which things stand: who stood stays, whoever comes is put at the end while there is room.
 * @param {string[]} held how they stand
 * @param {string[]} now how they would stand if they were put in order now
 * @param {number} most
 * @returns {{order: string[], fresh: number, moved: boolean}} `fresh` = those of now that have found no room; `moved` = the
 *   order of now is another one
 */
export function hold(held, now, most) {
  const order = held.slice(0, most), best = now.slice(0, most);
  best.forEach((id) => {
    if (order.length < most && !order.includes(id)) {
      order.push(id);
    }
  });
  return { order, fresh: best.filter((id) => !order.includes(id)).length, moved: order.join() !== best.join() };
}

/** What the button says that takes the order of now. @param {number} fresh */
export function orderWords(fresh) {
  return fresh ? `New order, ${fresh} new` : "New order";
}
