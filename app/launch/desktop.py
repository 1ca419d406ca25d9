"""Opening the user's browser, where there is one to open."""

from __future__ import annotations

import logging
import threading
import webbrowser
from collections.abc import Mapping

log = logging.getLogger("qtrade.app")


def may_open_browser(wanted: bool, environ: Mapping[str, str], platform: str) -> bool:
    """Not when refused, not under CI, not without a display."""
    if not wanted or environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    has_display = platform in ("win32", "darwin") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return has_display


def open_browser(url: str) -> None:
    """In a thread of its own: some browsers only return when they are closed."""

    def run() -> None:
        try:
            webbrowser.open(url)
        except webbrowser.Error as error:
            log.warning("The browser did not open (%s); open %s yourself", error, url)

    threading.Thread(target=run, name="browser", daemon=True).start()
