/**
 * Grids: ag-grid keeps the rows' places, scrolls, sorts and has the keys; what stands in the cells is drawn here.
 *
 * The wrapper <div data-qt-grid="positions" data-grid-id="overview-positions" data-total="total"> says which part "grid:..."
 * a grid shows. A changed value is written into its row and drawn into its cell: the grid hears only of rows that come and
 * go, and of an order that changes (a transaction costs it and Dash 7-18 ms). Rows do not change places under the pointer.
 * Widths: core/columns.mjs. A click on a row goes to its symbol.
 */
import { go } from "./address.mjs";
import { waitFor } from "./cards.mjs";
import { conOf, needPx, paint, textPx } from "./cells.mjs";
import { choiceOf, choiceText, noChoice, widths } from "./columns.mjs";
import { every } from "./every.mjs";
import { model, onNodes, onPart } from "./model.mjs";
import { flash } from "./values.mjs";

/**
 * A column as app/components/grid.py declares it: `fields` = what it shows; `need` px of its longest value so far.
 * @typedef {import("./columns.mjs").Column & {head: string, wraps: boolean, kind: string, field: string, fields: string[],
 *   flashes: boolean, ages: boolean, longest: number}} GridColumn
 */
/**
 * `held` = rows whose order, `unsorted` = an order that waits until the pointer has left; `late` = the widths are due.
 * @typedef {{wrapper: HTMLElement, name: string, id: string, api: any, columns: Map<string, GridColumn>, held: Set<string>,
 *   unsorted: boolean, choice: import("./columns.mjs").Choice, late: boolean, filled: boolean, drawn: string}} Grid
 */

/** @type {Map<HTMLElement, Grid>} */
const grids = new Map();
/** The elements of a row's cells by column; a row that is out of sight has none.
 * @type {WeakMap<object, Map<string, HTMLElement>>} */
const cells = new WeakMap();
/** @type {WeakMap<object, Grid>} */
const byApi = new WeakMap();
/** Which rows of a part are shown. @type {Map<string, (row: import("./cells.mjs").Row) => boolean>} */
const filters = new Map();
const BORDER_PX = 2, SORT_PX = 18;          // of each cell; the arrow of a sorted head
const FIRST_PX = 16, LAST_PX = 26;          // padding at the card's edges, with the button of the menu (qt20-cards.css)


const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
components.QtCell = (/** @type {any} */ props) => {
  const { node, column, api } = props, id = column.getColId();
  const take = (/** @type {HTMLElement | null} */ host) => {
    const mine = cells.get(node) ?? new Map();
    cells.set(node, mine);
    if (!host) {
      mine.delete(id);
      return;
    }
    mine.set(id, host);
    const grid = byApi.get(api);
    if (grid) {
      paintCell(grid, node, id);
    }
  };
  return window.React.createElement("span", { className: "qt-host", ref: take });
};

const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
functions.qtByTime = (/** @type {any} */ _a, /** @type {any} */ _b, /** @type {any} */ one, /** @type {any} */ other) => {
  const moment = (/** @type {any} */ node) => (node.data.at === 0 ? Number.MAX_SAFE_INTEGER : node.data.at || 0);
  return moment(other) - moment(one);
};
functions.qtBySince = (/** @type {any} */ _a, /** @type {any} */ _b, /** @type {any} */ one, /** @type {any} */ other) =>
  (other.data.since || 0) - (one.data.since || 0);

/* ---- cells ---- */
/** @param {Grid} grid @param {any} node @param {string} id @returns {boolean} whether its text is another one */
function paintCell(grid, node, id) {
  const host = cells.get(node)?.get(id), column = grid.columns.get(id);
  if (!host || !column || !node.data) {
    return false;
  }
  const before = host.textContent;
  paint(host, { kind: column.kind, field: column.field, row: node.data, isTotal: Boolean(node.rowPinned),
    width: grid.api.getColumn(id).getActualWidth() });
  const text = host.textContent ?? "";
  if (text === before) {
    return false;
  }
  // Fewer characters may be wider: "< 4 s" and "8.6 s"; a bold sum on one line than a number and its share on two.
  if (node.rowPinned || text.length + 3 > column.longest) {
    column.longest = Math.max(column.longest, text.length);
    const need = needPx(host, Boolean(node.rowPinned)) + padPx(grid);
    if (need > column.need) {
      column.need = need;
      fitSoon(grid);
    }
  }
  return before !== "";
}

/** @param {Grid} grid @param {any} node @param {string[]} fields that have changed */
function repaint(grid, node, fields) {
  const mine = cells.get(node);
  if (!mine) {
    return;
  }
  grid.columns.forEach((column, id) => {
    if (column.fields.some((field) => fields.includes(field)) && paintCell(grid, node, id) && column.flashes) {
      flash(/** @type {Element} */ (mine.get(id)?.parentElement?.closest(".ag-cell")));
    }
  });
}

/* ---- rows ---- */
/** @param {Grid} grid */
function valuesOf(grid) {
  return model[`grid:${grid.name}`] || {};
}

/** @param {Grid} grid @param {string} id */
function rowOf(grid, id) {
  return { ...valuesOf(grid)[id], id };
}

/** @param {Grid} grid @param {string} id */
function isShown(grid, id) {
  const filter = filters.get(grid.name), row = valuesOf(grid)[id];
  return row !== undefined && (!filter || filter(row));
}

/** All of the part. @param {Grid} grid */
function fill(grid) {
  /** @type {string[]} */
  const gone = [];
  grid.api.forEachNode((/** @type {any} */ node) => {
    if (!isShown(grid, node.id)) {
      gone.push(node.id);
    }
  });
  take(grid, Object.keys(valuesOf(grid)), gone, true);
  drawTotal(grid);
  grid.filled = true;
}

/**
 * @param {Grid} grid
 * @param {string[]} changed ids
 * @param {string[]} removed ids
 * @param {boolean} whole whether every field may have changed
 * @param {Record<string, any>} [news] the changed fields by id
 */
function take(grid, changed, removed, whole, news = {}) {
  const add = [], leave = new Set(removed.filter((id) => grid.api.getRowNode(id)));
  const sort = grid.wrapper.dataset.sort ?? "order", hovered = grid.wrapper.matches(":hover");
  const moved = new Set();
  for (const id of changed) {
    const node = grid.api.getRowNode(id);
    if (!isShown(grid, id)) {
      if (node) {
        leave.add(id);
      }
    } else if (!node) {
      add.push(rowOf(grid, id));
    } else {
      const row = rowOf(grid, id), fields = whole ? Object.keys(row) : Object.keys(news[id]);
      const differs = fields.filter((field) => row[field] !== node.data[field] || typeof row[field] === "object");
      if (hovered && row[sort] !== node.data[sort]) {
        grid.held.add(id);
        row[sort] = node.data[sort];
      }
      const silent = Boolean(node.data.silent);
      Object.assign(node.data, row);
      differs.forEach((field) => moved.add(field));
      repaint(grid, node, differs);
      if (silent !== Boolean(row.silent)) {
        grid.api.redrawRows({ rowNodes: [node] });
      }
    }
  }
  if (add.length || leave.size) {
    grid.api.applyTransaction({ add, remove: [...leave].map((id) => ({ id })) });
  } else if (sortedBy(grid).some((field) => moved.has(field))) {
    if (hovered) {
      grid.unsorted = true;
    } else {
      grid.api.refreshClientSideRowModel("sort");
    }
  }
}

/** Fields that the order depends on. @param {Grid} grid @returns {string[]} */
function sortedBy(grid) {
  return grid.api.getColumnState().filter((/** @type {any} */ state) => state.sort).flatMap((/** @type {any} */ state) =>
    (state.colId === "qt-order" ? [grid.wrapper.dataset.sort ?? "order"] : grid.columns.get(state.colId)?.fields ?? []));
}

/** The order that has waited. @param {Grid} grid */
function release(grid) {
  if (!grid.held.size && !grid.unsorted) {
    return;
  }
  const sort = grid.wrapper.dataset.sort ?? "order", values = valuesOf(grid);
  grid.held.forEach((id) => {
    const node = grid.api.getRowNode(id);
    if (node && values[id]) {
      node.data[sort] = values[id][sort];
    }
  });
  grid.held.clear();
  grid.unsorted = false;
  grid.api.refreshClientSideRowModel("sort");
}

/** The sums below the rows; the row is made once. @param {Grid} grid */
function drawTotal(grid) {
  const part = grid.wrapper.dataset.total;
  if (!part) {
    return;
  }
  const values = model[`grid:${part}`] || {}, rows = Object.entries(values).map(([id, row]) => ({ ...row, id }));
  const ids = rows.map((row) => row.id).join();
  if (grid.drawn !== ids) {
    grid.drawn = ids;
    grid.api.setGridOption("pinnedBottomRowData", rows);
    return;
  }
  rows.forEach((row, i) => {
    const node = grid.api.getPinnedBottomRow(i);
    Object.assign(node.data, row);
    grid.columns.forEach((_column, id) => paintCell(grid, node, id));
  });
}

/* A card is not live while its rows are not there. */
waitFor((card) => Array.from(grids.values()).some((grid) => !grid.filled && card.contains(grid.wrapper)));

/** @param {Grid} grid */
function isAlive(grid) {
  return grid.api && !grid.api.isDestroyed() && grid.wrapper.isConnected;
}

/** Call `fn` for each grid on the page, or for those of a part. @param {string | null} name @param {(grid: Grid) => void} fn */
export function eachGrid(name, fn) {
  grids.forEach((grid, wrapper) => {
    if (!wrapper.isConnected) {
      grids.delete(wrapper);
    } else if (isAlive(grid) && (name === null || grid.name === name)) {
      fn(grid);
    }
  });
}

/**
 * From now on only these rows of a part are in its grids.
 * @param {string} name
 * @param {(row: import("./cells.mjs").Row) => boolean} filter
 */
export function showRows(name, filter) {
  filters.set(name, filter);
  eachGrid(name, fill);
}

/** From now on a grid shows another part "grid:<name>". @param {string} id of the grid @param {string} name */
export function showPart(id, name) {
  grids.forEach((grid, wrapper) => {
    if (grid.id === id && grid.name !== name && wrapper.isConnected) {
      grid.name = wrapper.dataset.qtGrid = name;
      if (isAlive(grid)) {
        fill(grid);
      }
    }
  });
}

onPart("grid", (name, changed, removed, full) => {
  eachGrid(null, (grid) => {
    if (grid.wrapper.dataset.total === name) {
      drawTotal(grid);
    }
    if (grid.name === name && full) {
      fill(grid);
    } else if (grid.name === name) {
      take(grid, Object.keys(changed), removed, false, changed);
    }
  });
});

/* A second has passed: a cell whose age reads the same is not touched. */
every(1000, () => eachGrid(null, (grid) => {
  const ageing = Array.from(grid.columns.values()).filter((column) => column.ages);
  redraw(grid, ageing.map((column) => column.id));
}));

/* ---- widths ---- */
/** @param {string} id */
const storageKey = (id) => `qt-columns.${id}`;

/** @param {Grid} grid */
function keep(grid) {
  window.localStorage.setItem(storageKey(grid.id), choiceText(grid.choice));
}

/** Left and right of a value, px. @param {Grid} grid */
const padding = (grid) => Number(grid.wrapper.dataset.padding);
/** @param {Grid} grid */
const padPx = (grid) => 2 * padding(grid) + BORDER_PX;

/** @param {Grid} grid */
function fitSoon(grid) {
  if (grid.late) {
    return;
  }
  grid.late = true;
  window.requestAnimationFrame(() => {
    grid.late = false;
    if (isAlive(grid)) {
      fit(grid);
    }
  });
}

/** @param {Grid} grid */
function fit(grid) {
  const view = grid.wrapper.querySelector(".ag-center-cols-viewport"), room = view ? view.clientWidth : 0;
  if (!view || !room) {
    return;   // not laid out yet, or out of sight: its size will be heard of
  }
  sizes.observe(view);   // a scroll bar takes room, too
  const sorted = grid.choice.sort?.id, state = [];
  const columns = Array.from(grid.columns.values(), (column) => {
    const head = headPx(column, sorted) + padPx(grid);   // never cut, whatever is below it
    return { ...column, need: Math.max(column.need, head), least: Math.max(column.least, head) };
  });
  const first = FIRST_PX - padding(grid), last = LAST_PX - padding(grid);
  const given = widths(columns, grid.choice, room - first - last);
  const shown = columns.map(({ id }) => id).filter((id) => given[id] !== null);
  for (const [colId, bare] of Object.entries(given)) {
    const edge = (colId === shown[0] ? first : 0) + (colId === shown[shown.length - 1] ? last : 0);
    const width = bare === null ? null : bare + edge;
    const column = grid.api.getColumn(colId);
    if (width === null ? column.isVisible() : !column.isVisible() || column.getActualWidth() !== width) {
      state.push(width === null ? { colId, hide: true } : { colId, hide: false, width });
    }
  }
  if (state.length) {
    grid.api.applyColumnState({ state });
    redraw(grid, state.map(({ colId }) => colId));   // some show more where there is more room
  }
  drawMenu(grid);
}

/** @param {Grid} grid @param {string[]} columns */
function redraw(grid, columns) {
  grid.api.getRenderedNodes().forEach((/** @type {any} */ node) => columns.forEach((id) => paintCell(grid, node, id)));
}

/** The ways in which a head may stand on two lines, or its one line. @param {GridColumn} column */
function linesOf(column) {
  const words = column.head.split(" ");
  if (!column.wraps || words.length < 2) {
    return [[column.head]];
  }
  return words.slice(1).map((_word, i) => [words.slice(0, i + 1).join(" "), words.slice(i + 1).join(" ")]);
}

/** @param {GridColumn} column @param {string | undefined} sorted */
function headPx(column, sorted) {
  return Math.min(...linesOf(column).map((lines) => Math.max(...lines.map((line) => textPx(line, "head"))))) +
    (sorted === column.id ? SORT_PX : 0);
}

/* ---- the menu of columns ---- */
/** @param {Grid} grid */
function drawMenu(grid) {
  grid.wrapper.querySelectorAll("[data-col]").forEach((item) => {
    const column = grid.api.getColumn(/** @type {HTMLElement} */ (item).dataset.col ?? ""), shown = Boolean(column?.isVisible());
    item.setAttribute("aria-checked", String(shown));
    const noRoom = !shown && grid.choice.hide[column?.getColId()] !== true;
    item.toggleAttribute("data-no-room", noRoom);
  });
}

/** @param {Grid} grid @param {HTMLElement} item */
function choose(grid, item) {
  const id = item.dataset.col;
  if (id === undefined) {
    grid.choice = noChoice();
    window.localStorage.removeItem(storageKey(grid.id));
    grid.api.applyColumnState({ state: [{ colId: "qt-order", sort: "asc" }], defaultState: { sort: null } });
  } else {
    grid.choice.hide[id] = item.getAttribute("aria-checked") === "true";
    keep(grid);
  }
  fit(grid);
}

/** @param {Grid} grid */
function restore(grid) {
  grid.choice = choiceOf(window.localStorage.getItem(storageKey(grid.id)));
  const sort = grid.choice.sort;
  if (sort && grid.columns.has(sort.id)) {
    grid.api.applyColumnState({ state: [{ colId: sort.id, sort: sort.dir }], defaultState: { sort: null } });
  }
}

/** @param {Grid} grid @returns {Map<string, GridColumn>} */
function columnsOf(grid) {
  const shown = grid.api.getColumns().filter((/** @type {any} */ column) => column.getColId() !== "qt-order");
  return new Map(shown.map((/** @type {any} */ column) => {
    const { headerName, field, wrapHeaderText, context, cellRendererParams } = column.getColDef(), id = column.getColId();
    const made = { id, head: headerName, wraps: Boolean(wrapHeaderText), field: field ?? "", longest: 0,
      kind: cellRendererParams.kind, fields: [field, ...context.also], flashes: context.flash, ages: context.ages,
      cut: context.cut, grow: context.grow, leaves: context.leaves, least: context.least, need: 0 };
    return [id, made];
  }));
}

/** @param {Grid} grid @param {any} event */
function resized(grid, event) {
  if (event.finished && event.source === "uiColumnResized" && event.column) {
    const id = event.column.getColId();
    const all = grid.api.getAllDisplayedColumns().map((/** @type {any} */ column) => column.getColId());
    const edge = (id === all[0] ? FIRST_PX - padding(grid) : 0) + (id === all[all.length - 1] ? LAST_PX - padding(grid) : 0);
    grid.choice.width[id] = event.column.getActualWidth() - edge;
    keep(grid);
    fit(grid);
  }
}

/** @param {Grid} grid */
function sorted(grid) {
  const by = grid.api.getColumnState().find((/** @type {any} */ state) => state.sort && state.colId !== "qt-order");
  const sort = by ? { id: by.colId, dir: by.sort } : null;
  if (JSON.stringify(sort) !== JSON.stringify(grid.choice.sort)) {
    grid.choice.sort = sort;
    keep(grid);
    fit(grid);
  }
}

/* ---- a grid comes ---- */
const sizes = new ResizeObserver((seen) => seen.forEach(({ target }) => eachGrid(null, (grid) => {
  if (grid.wrapper.contains(target)) {
    fitSoon(grid);
  }
})));

/** @param {HTMLElement} wrapper */
function adopt(wrapper) {
  /** @type {Grid} */
  const grid = { wrapper, name: wrapper.dataset.qtGrid ?? "", id: wrapper.dataset.gridId ?? "", api: null, columns: new Map(),
    held: new Set(), unsorted: false, choice: noChoice(), late: false, filled: false, drawn: "" };
  grids.set(wrapper, grid);
  window.dash_ag_grid.getApiAsync(grid.id).then((/** @type {any} */ api) => {
    if (!wrapper.isConnected) {
      grids.delete(wrapper);
      return;
    }
    grid.api = api;
    byApi.set(api, grid);
    grid.columns = columnsOf(grid);
    restore(grid);
    api.addEventListener("columnResized", (/** @type {any} */ event) => resized(grid, event));
    api.addEventListener("sortChanged", () => sorted(grid));
    sizes.observe(wrapper);
    fill(grid);
  });
  wrapper.addEventListener("mouseleave", () => {
    if (isAlive(grid)) {
      release(grid);
    }
  });
  wrapper.addEventListener("click", (event) => clicked(grid, event));
  wrapper.addEventListener("keydown", (event) => {
    const row = event.target instanceof Element && event.target.closest(".ag-row");
    if (event.key === "Enter" && row) {
      go(`/symbol/${conOf(row.getAttribute("row-id") ?? "")}`);
    }
  });
}

/** @param {Grid} grid @param {MouseEvent} event */
function clicked(grid, event) {
  if (!(event.target instanceof Element)) {
    return;
  }
  const item = event.target.closest("[data-col], [data-columns-reset]"), row = event.target.closest(".ag-row");
  if (item instanceof HTMLElement && isAlive(grid)) {
    choose(grid, item);
  } else if (row && !event.target.closest("a,button") && !row.classList.contains("ag-row-pinned")) {
    go(`/symbol/${conOf(row.getAttribute("row-id") ?? "")}`);
  }
}

onNodes(() => document.querySelectorAll("[data-qt-grid]").forEach((wrapper) => {
  if (wrapper instanceof HTMLElement && !grids.has(wrapper) && window.dash_ag_grid) {
    adopt(wrapper);
  }
}));
