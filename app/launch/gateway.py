"""The gateway that the settings name: where it listens, and its process where it is the simulated one or a recording.

Another one may be chosen while the program runs: the former's process ends, the new one's is started.
"""

from __future__ import annotations

import threading
from pathlib import Path

from app.launch.cli import Recording
from app.launch.ports import free_port
from app.launch.simulator_process import HOST, STATE_FILE, Hear, SimulatorProcess, command_line, playing
from engine.settings.effective import LOCKING, EffectiveSettings

Address = tuple[str, int]


class Gateway:
    """One at a time. `address` is known before anything is started; any thread may call."""

    def __init__(
        self,
        settings: EffectiveSettings,
        root: Path,
        folder: Path,
        recording: Recording | None = None,
        hear: Hear | None = None,
    ) -> None:
        """`hear` is given what the player of `recording` says."""
        self._root = root
        self._folder = folder
        self._recording = recording
        self._hear = hear
        self._settings = settings
        self._address = endpoint(settings)
        self._process: SimulatorProcess | None = None
        self._ended = False
        self._one_at_a_time = threading.RLock()

    @property
    def address(self) -> Address:
        """Host and port."""
        return self._address

    def start(self) -> None:
        """Start the process, if it takes one, and wait until it is ready or has failed (the log says why)."""
        with self._one_at_a_time:
            if self._ended or self._process is not None or self._settings.config.broker.mode != "simulated":
                return
            self._process = process = self._made()
        process.start()  # without the lock: who ends the program must not wait for it

    def move(self, settings: EffectiveSettings) -> Address:
        """Go to the gateway that `settings` name. Blocks while a process ends and another one starts.

        A recording depends on none of them, and is not begun anew.
        """
        with self._one_at_a_time:
            if self._recording is not None or settings.config.connection() == self._settings.config.connection():
                return self._address
            before, self._process = self._process, None
            self._settings, self._address = settings, endpoint(settings)
        if before is not None:
            before.stop()
        self.start()
        return self._address

    def stop(self) -> None:
        """End its process; none is started any more."""
        with self._one_at_a_time:
            self._ended = True
            process = self._process
        if process is not None:
            process.stop()

    def _made(self) -> SimulatorProcess:
        port = self._address[1]
        if self._recording is not None:
            return SimulatorProcess(playing(self._recording, port), self._root, self._folder, port, self._hear)
        config = self._settings.config
        command = command_line(config.simulator, port, self._folder / STATE_FILE, config.broker.account)
        return SimulatorProcess(command, self._root, self._folder, port)


def endpoint(settings: EffectiveSettings) -> Address:
    """Host and port of the gateway. The simulated one gets a free port unless one was asked for at the start."""
    broker = settings.config.broker
    if broker.mode != "simulated":
        port = broker.effective_port()
        assert port is not None  # paper and live have a usual port
        return broker.host, port
    asked = next((layer for layer in settings.layers if "broker.port" in layer.values), None)
    if broker.port is not None and asked is not None and asked.name in LOCKING:
        return HOST, broker.port
    return HOST, free_port(HOST)
