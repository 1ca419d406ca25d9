"""Each page in a real browser: silent, white, inside its width, live, and the same after many polls."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import CHANGED, Site, Visit, after_polls, live, polls_of, stands_still, until

PATHS = ("/", "/positions", "/lines")
SIZES = ((1920, 1080), (1366, 768), (1100, 800), (900, 800), (390, 844))

CURVE = "document.querySelector('#overview-pnl .js-plotly-plot')"
CONTRAST = """
() => {
  const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
  const lum = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const parse = t => { const m = t.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const ground = e => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; }
    return [255, 255, 255, 1];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !e.offsetParent || e.closest('svg, .visually-hidden, .qt-skip')) continue;
    const style = getComputedStyle(e), ink = parse(style.color), paper = ground(e);
    const pair = [lum(ink), lum(paper)].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if (ratio < least) bad.push([n.textContent.trim(), ratio.toFixed(2), e.className]);
  }
  return bad;
}
"""


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_in_silence_at_every_size(page: Page, site: Site, path: str) -> None:
    site.run()
    live(page, site.url + path)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        until(page, "w => document.documentElement.scrollWidth <= w", width)
    assert page.title() != "Updating..."


INSIDE = """
() => {
  const plot = document.querySelector('#overview-pnl .js-plotly-plot'), card = plot && plot.closest('.qt-card');
  if (!plot || !plot._fullLayout) return false;
  const inner = plot.querySelector('.main-svg').getBoundingClientRect(), outer = card.getBoundingClientRect();
  return inner.height > 100 && inner.top >= outer.top && inner.bottom <= outer.bottom && inner.right <= outer.right;
}
"""
APART = """
() => {
  const words = [...document.querySelectorAll('#overview-pnl .annotation-text-g, #overview-pnl .textpoint text')]
    .filter(node => getComputedStyle(node).visibility !== 'hidden').map(node => node.getBoundingClientRect());
  return words.length > 0 && words.every((a, i) => words.slice(i + 1).every(b =>
    a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 3 || b.bottom <= a.top + 3));
}
"""


@pytest.mark.thorough
def test_a_plot_never_leaves_its_card_and_its_words_lie_apart(page: Page, site: Site) -> None:
    live(page, site.url)
    until(page, INSIDE)
    for state in ("loading", "empty", "error", "stale", "live"):
        page.evaluate("s => { document.querySelector('.qt-card-pnl').dataset.state = s; }", state)
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            until(page, INSIDE)
    until(page, APART)


@pytest.mark.thorough
def test_a_phone_shows_the_mode_whose_money_and_how_old(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    live(page, site.url)
    for cell in (".qt-pill", ".qt-cell-account", "#shell-age"):
        box = page.locator(f".qt-strip {cell}").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390, cell


@pytest.mark.parametrize("path", PATHS)
def test_it_stays_white_and_legible_when_the_computer_is_dark(visit: Visit, path: str) -> None:
    page = visit(path)
    page.wait_for_selector(".ag-cell")
    after_polls(page, 1)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(248, 250, 252)"
    assert page.evaluate("getComputedStyle(document.querySelector('.ag-root')).colorScheme") in ("light", "only light")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.thorough
def test_numbers_change_while_the_page_is_open(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    before = page.inner_text(".qt-tile-day .qt-figure")
    cell = page.inner_text(".ag-row[row-id='76792991'] [col-id=last]")
    until(page, CHANGED, before)
    moved = "t => document.querySelector(\".ag-row[row-id='76792991'] [col-id=last]\").innerText !== t"
    until(page, moved, cell)


def test_a_quiet_market_costs_no_bytes_and_still_shows_a_young_age(page: Page, site: Site) -> None:
    live(page, site.url)
    after_polls(page, 3)
    seen = polls_of(page)
    after_polls(page, 4)
    assert len(seen) >= 2
    assert set(seen) == {(204, 0)}
    assert page.get_attribute("#shell-age", "data-level") == "fresh"


def test_focus_text_and_open_menus_survive_polls(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    seen = polls_of(page)
    page.keyboard.press("/")
    page.keyboard.type("ts")
    page.wait_for_selector("#shell-find-list [role=option]")
    after_polls(page, 3, with_news=True)
    assert len(seen) >= 2
    assert page.evaluate("document.activeElement.id") == "shell-find"
    assert page.input_value("#shell-find") == "ts"
    assert page.is_visible("#shell-find-list [role=option]")


@pytest.mark.thorough
def test_zoom_survives_polls_and_a_new_base(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    until(page, "(document.querySelector('#overview-pnl .js-plotly-plot') || {layout: {}}).layout.meta !== undefined")
    plot = "document.querySelector('#overview-pnl .js-plotly-plot')"
    page.evaluate(
        f"Plotly.relayout({plot}, {{'xaxis.range[0]': '2025-11-05T14:06:00', 'xaxis.range[1]': '2025-11-05T14:09:00'}})"
    )
    after_polls(page, 3, with_news=True)
    page.evaluate("dash_clientside.set_props('overview-pnl-rebase', {data: 1})")
    after_polls(page, 4, with_news=True)
    shown = page.evaluate(f"{plot}._fullLayout.xaxis.range.map(t => String(t).slice(11, 16))")
    assert shown == ["14:06", "14:09"]


@pytest.mark.thorough
def test_no_point_is_drawn_twice(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    after_polls(page, 4, with_news=True)
    page.click("a[data-nav='/lines']")
    page.wait_for_selector(".qt-huge")
    page.click("a[data-nav='/']")
    until(page, f"{CURVE} && {CURVE}.data.length > 2")
    after_polls(page, 3, with_news=True)
    page.evaluate("dash_clientside.set_props('overview-pnl-rebase', {data: 1})")
    after_polls(page, 4, with_news=True)
    line = page.evaluate("(() => { const t = document.querySelector('#overview-pnl .js-plotly-plot').data[2];"
                         " return t.x.filter((x, i) => t.y[i] !== null); })()")  # fmt: skip
    assert len(line) > 280  # the newest few pixels are the line of our own
    assert all(a < b for a, b in zip(line, line[1:], strict=False))


@pytest.mark.thorough
def test_a_line_leads_from_the_curve_to_the_newest_value(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    until(page, f"{CURVE} && {CURVE}.data.length > 2")
    line = "document.querySelector('#overview-pnl-tail polyline').getAttribute('points')"
    until(page, f"({line} || '').split(' ').length > 1")
    found = page.evaluate(
        f"""(() => {{
          const points = {line}.split(' ').map(p => p.split(',').map(Number)), full = {CURVE}._fullLayout;
          const last = {CURVE}.data[2].y.filter(y => y !== null).at(-1);
          const dot = document.getElementById('overview-pnl-dot');
          const box = dot.getBoundingClientRect(), plot = {CURVE}.getBoundingClientRect();
          return {{points, begins: full.yaxis._offset + full.yaxis.l2p(last), hidden: dot.hidden,
                   dot: [box.left + 3 - plot.left, box.top + 3 - plot.top]}};
        }})()"""
    )
    points = found["points"]
    assert points[0][1] == pytest.approx(found["begins"], abs=0.1)
    assert all(a[0] < b[0] for a, b in pairwise(points))
    assert not found["hidden"] and points[-1] == pytest.approx(found["dot"], abs=1.0)


def test_text_from_outside_is_text(page: Page, serve: Callable[..., Site]) -> None:
    from msgspec.structs import replace

    site = serve()
    evil = "<img src=x onerror=alert(1)>"
    page.on("dialog", lambda dialog: pytest.fail("script ran"))
    section = site.bus.read("positions")
    row = replace(section.tradable[0], local_symbol=evil, name=evil)
    site.bus.publish("positions", replace(section, tradable=(row, *section.tradable[1:])))
    lines = site.bus.read("lines")
    site.bus.publish("lines", replace(lines, refused=(replace(lines.refused[0], local_symbol=evil, reason=evil),)))
    for path in PATHS:
        live(page, site.url + path)
        after_polls(page, 1)
        assert page.locator("img[src=x]").count() == 0
    assert evil in page.inner_text(".qt-lines")


def test_nothing_of_a_value_outlives_it(visit: Visit) -> None:
    page = visit()
    shown = page.evaluate(
        """
        (async () => {
          const { countOn, fill } = await import("/assets/core/values.mjs");
          const cell = document.createElement("td"), link = { sym: "TSLA", con: 76792991 }, out = [];
          [["1.00", "gain", "why"], null, link, null, link, { text: "{age} ago", from: 0 }, link].forEach(value => {
            fill(cell, value);
            out.push([cell.textContent.replace(/.* ago/, "ago"), cell.dataset.tone || "", cell.title]);
          });
          document.body.append(cell);
          countOn();
          out.push([cell.textContent, cell.querySelectorAll("a").length]);
          cell.remove();
          return out;
        })()
        """
    )
    symbol, missing = ["TSLA", "", ""], ["–", "missing", ""]
    assert shown == [["1.00", "gain", "why"], missing, symbol, missing, symbol, ["ago", "", ""], symbol, ["TSLA", 1]]


@pytest.mark.thorough
def test_a_curve_that_slept_is_asked_for_again_and_shows_no_hole(page: Page, site: Site) -> None:
    live(page, site.url)
    site.run()
    until(
        page, "((document.querySelector('#overview-pnl .js-plotly-plot') || {layout: {}}).layout.meta || {}).count > 0"
    )
    page.wait_for_timeout(500)
    holes = page.evaluate(
        """
        (() => {
          const gd = document.querySelector("#overview-pnl .js-plotly-plot");
          const asked = [], set = dash_clientside.set_props;
          const later = gd.layout.meta.last + 3600;
          dash_clientside.set_props = (id, props) => { asked.push([id, "extendData" in props]); };
          qt.apply({ full: true, set: { ...qt.model, "tail:pnl": { [later]: 1, [later + 2]: 2 } } });
          dash_clientside.set_props = set;
          return asked;
        })()
        """
    )
    assert ["overview-pnl-rebase", False] in holes
    assert ["overview-pnl", True] not in holes


@pytest.mark.thorough
def test_columns_are_chosen_drawn_wider_and_kept(page: Page, site: Site) -> None:
    live(page, site.url + "/positions")
    grid = page.locator("[data-qt-grid=positions]")
    head = "id => document.querySelector(`[data-qt-grid=positions] .ag-header-cell[col-id=${id}]`)?.offsetWidth ?? 0"

    def width(column: str) -> int:
        return int(page.evaluate(head, column))

    until(page, head, "qty")
    first = width("avg")
    grid.locator("[data-menu]").click()
    grid.locator("[data-col=qty]").click()
    until(page, f"!({head})('qty')")
    assert grid.locator("[data-col=qty]").get_attribute("aria-checked") == "false"
    page.keyboard.press("Escape")
    stands_still(page, f"({head})('avg')")
    box = grid.locator(".ag-header-cell[col-id=avg] .ag-header-cell-resize").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    until(page, f"w => ({head})('avg') > w", first + 20)
    drawn = width("avg")
    page.reload()
    until(page, f"w => ({head})('avg') === w", drawn)
    assert width("qty") == 0
    grid.locator("[data-menu]").click()
    grid.locator("[data-columns-reset]").click()
    until(page, f"({head})('qty') > 0")
    assert width("avg") < drawn
