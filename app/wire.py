"""What the pages' Python and their browser code must spell alike, as the module `assets/core/wire.mjs`.

    python -m app.wire          writes it anew
A test compares the file with what would be written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from app.checks_route import CHECKS_PATH
from app.display_zone import ZONE_COOKIE
from app.engines import COOKIE
from app.export_route import EXPORT_PATH
from app.feed_route import BUILD_HEADER, FEED_PATH
from app.format import LINE_CLASSES
from app.journal_route import CURVES_PATH, JOURNAL_PATH, MARKS_PATH
from app.log_route import LOG_PATH
from app.login.gate import LOGIN_PATH
from app.login.local_link import FILE_NAME as LINK_FILE
from app.rows.scanners import FRESH_S
from app.rows.states import LIVE_S
from app.security import UPLOAD_PATH
from app.snapshots import DEAD_S, LATE_S
from engine.domain import REL_VOLUME

WIRE_FILE: Final = Path(__file__).resolve().parent.parent / "assets" / "core" / "wire.mjs"

_WORDS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("FEED_PATH", FEED_PATH, "The poll's route."),
    ("EXPORT_PATH", EXPORT_PATH, "Tables are made into files there."),
    ("JOURNAL_PATH", JOURNAL_PATH, "The Journal page asks there."),
    ("MARKS_PATH", MARKS_PATH, "A chart asks there for the trips in its contract."),
    ("CURVES_PATH", CURVES_PATH, "The Positions page asks there what each position made."),
    ("ENGINE_COOKIE", COOKIE, "Which engine this browser looks at."),
    ("BUILD_HEADER", BUILD_HEADER, "The poll says by it which build has made the page."),
    ("STATEMENTS_PATH", UPLOAD_PATH, "Statements: imports, what was read, for which days; a file is sent there."),
    ("LOGIN_PATH", LOGIN_PATH, "Where one logs in."),
    ("LINK_FILE", LINK_FILE, "The page of the data folder that logs in on this computer."),
    ("LOG_PATH", LOG_PATH, "The log: lines of its files; `/export` behind it makes a file of them."),
    ("CHECKS_PATH", CHECKS_PATH, "What a look at this computer found; a POST looks again."),
    ("ZONE_COOKIE", ZONE_COOKIE, "Each request says by it in which zone times are told."),
    ("LATE_S", LATE_S, "An engine silent for longer is late, seconds."),
    ("DEAD_S", DEAD_S, "An engine silent for longer counts as dead, seconds."),
    ("LIVE_S", LIVE_S, "A price that came before that claims no more to be live, seconds."),
    ("FRESH_S", FRESH_S, "Younger prices carry no age: it would be news in each poll, seconds."),
    ("REL_VOLUME", REL_VOLUME, "The one name of the volume of the last 60 s against the usual one."),
    ("LINE_CLASSES", LINE_CLASSES, "Classes of market-data lines in words. @type {Record<string, string>}"),
)


def wire_module() -> str:
    """The text of the module."""
    head = "/** What Python and the browser spell alike. Written by `python -m app.wire`; change it there. */\n"
    lines = [f"/** {about} */\nexport const {name} = {json.dumps(value)};\n" for name, value, about in _WORDS]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    WIRE_FILE.write_text(wire_module(), encoding="utf-8", newline="\n")
