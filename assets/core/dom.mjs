/** Single elements, made and changed in place. A whole block is a template of lit-html (assets/vendor). */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [cls]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) {
    element.className = cls;
  }
  if (text) {
    element.textContent = text;
  }
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {string} [text]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function makeSvg(tag, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  if (text) {
    element.textContent = text;
  }
  return element;
}

/** All that match, as HTML elements. @param {ParentNode} root @param {string} selector @returns {HTMLElement[]} */
export function all(root, selector) {
  return Array.from(root.querySelectorAll(selector));
}

/**
 * The first that matches, where the page's layout says that there is one.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function one(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) {
    throw new Error(`The page has no ${selector}.`);
  }
  return found;
}

/** As `one`, where there may be none. @param {ParentNode} root @param {string} selector @returns {HTMLElement | null} */
export function maybe(root, selector) {
  const found = root.querySelector(selector);
  return found instanceof HTMLElement ? found : null;
}

/**
 * What an event happened in.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function within(event, selector) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}

/**
 * Change a text in place: the node stays, so that no observer and no layout hears of a new one.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const node = element.firstChild;
  if (node instanceof Text && node === element.lastChild) {
    if (node.data !== text) {
      node.data = text;
    }
  } else if (node || text) {
    element.textContent = text;
  }
}

/**
 * Which of these numbers are the most that already rise in this order (Fredman 1975: longest increasing subsequence).
 * @param {number[]} numbers
 * @returns {Set<number>}
 */
export function risingMost(numbers) {
  /** @type {number[]} */
  const ends = [];   // places of the smallest end of a run of each length
  const before = numbers.map((number, i) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]] < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    ends[low] = i;
    return low ? ends[low - 1] : -1;
  });
  const found = new Set();
  for (let i = ends.length ? ends[ends.length - 1] : -1; i >= 0; i = before[i]) {
    found.add(numbers[i]);
  }
  return found;
}

/**
 * Put children into an order; as few as possible are moved, because each that moves is laid out anew.
 * @param {Element} parent
 * @param {Element[]} wanted those that come first, some may be new; other children stay behind them
 */
export function putInOrder(parent, wanted) {
  const places = new Map(Array.from(parent.children, (child, i) => [child, i]));
  const stays = risingMost(wanted.filter((child) => places.has(child)).map((child) => /** @type {number} */ (places.get(child))));
  let at = parent.firstElementChild;
  for (const child of wanted) {
    const place = places.get(child);
    if (place !== undefined && stays.has(place)) {
      at = child.nextElementSibling;
    } else {
      if (at === child) {
        at = child.nextElementSibling;
      }
      parent.insertBefore(child, at);
    }
  }
}

/** Write an attribute that differs. @param {Element} element @param {string} name @param {string | null} value null = none */
export function setAttr(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** Write a data attribute that differs. @param {HTMLElement} element @param {string} name @param {string} value */
export function setData(element, name, value) {
  if (element.dataset[name] !== value) {
    element.dataset[name] = value;
  }
}
