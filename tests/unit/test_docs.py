"""The documents lead where they say, and the guide has a page with a picture for each page of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.components.rail import ENTRIES

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
OUTSIDE = ("http://", "https://", "mailto:")


def anchors(document: Path) -> set[str]:
    """The names of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(each.relative_to(ROOT)) for each in DOCUMENTS])
def test_every_link_leads_somewhere(document: Path) -> None:
    wrong = []
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if link.startswith(OUTSIDE):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.is_relative_to(ROOT) or not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def test_the_guide_has_each_page_with_its_picture() -> None:
    contents = (GUIDE / "README.md").read_text(encoding="utf-8")
    for entry in ENTRIES:
        name = entry.label.lower()
        page = (GUIDE / f"{name}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {entry.label}\n"), name
        assert f"(pictures/{name}.png)" in page and f"({name}.md)" in contents, name


def test_links_and_headings_are_read() -> None:
    assert LINK.findall("see [a](b.md), ![c](d/e.png) and [f](g.md#h)") == ["b.md", "d/e.png", "g.md#h"]
    assert "older-trades-statements" in anchors(GUIDE / "journal.md")
