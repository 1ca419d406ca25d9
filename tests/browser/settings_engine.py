"""An engine's hand for the settings pages in the browser: carries out what they submit, in a thread of its own."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.app.settings_desk import Desk
from tests.browser.conftest import Site

DONE = "t => [...document.querySelectorAll('.qt-toast')].some(e => e.innerText.includes(t))"


class Engine:
    """Carries out commands in a thread of its own, as the engine does."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.desk = Desk(site.bus, folder, site.clock.wall())
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(0.1):
            self.desk.work()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5.0)
