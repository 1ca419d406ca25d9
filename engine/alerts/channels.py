"""The channels and their addresses, which are their secrets: from the environment, or a file for its owner alone.

An address leaves this room through a `Sender` alone; everybody else gets `shown`, which is without secrets.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.alerts.kinds import RuleRefused
from engine.alerts.outbox import Message, Outcome
from engine.state.alert_sections import BROWSER
from engine.storage import rescues
from engine.storage.atomic import read_kept, write_kept
from engine.storage.places import DAMAGED

FILE_NAME = "alert-channels.json"
ENV_PREFIX = "QTRADE_CHANNEL_"
ENV_HEARTBEAT = "QTRADE_HEARTBEAT_URL"
CHANNELS_MOST = 20
URL_MOST = 1_000
NAME = re.compile(r"[a-z0-9][a-z0-9 _-]{0,29}")

log = logging.getLogger("qtrade.alerts")


class Address(Struct, frozen=True):
    """What a channel is reached by. `confirmed`: a test was accepted by this very address."""

    url: str
    confirmed: bool = False

    def __repr__(self) -> str:
        return f"Address(confirmed={self.confirmed})"


class Kept(Struct, frozen=True):
    """The file's content."""

    channels: dict[str, Address] = {}
    heartbeat: str = ""

    def __repr__(self) -> str:
        return f"Kept({', '.join(self.channels)})"


class Sender(Protocol):
    """Who knows how to reach an address. Blocks: for a thread of its own."""

    def describe(self, url: str) -> tuple[str, str]:
        """The service's name and the address without secrets. Raises RuleRefused for what is no address."""

    def send(self, url: str, message: Message) -> Outcome:
        """Never raises; no word of it holds a secret."""

    def ping(self, url: str) -> Outcome:
        """A plain GET, for the heartbeat."""


_DECODE = msgspec.json.Decoder(Kept).decode


class ChannelBook:
    """Addresses by name. Engine thread; `load` and `save` block."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._path = folder / FILE_NAME
        self._kept = Kept()
        self._fixed = {
            name: Address(url.strip(), confirmed=True) for name, url in _named(environ).items() if url.strip()
        }
        self._heartbeat = environ.get(ENV_HEARTBEAT, "").strip()

    def load(self, at_wall: float) -> None:
        """What the file holds. A file that others may read is taken back from them."""
        with suppress(OSError):
            if os.name == "posix" and self._path.exists() and self._path.stat().st_mode & 0o077:
                self._path.chmod(0o600)
                log.warning("%s could be read by others: its rights were corrected", self._path.name)
        kept, note = read_kept(self._path, _DECODE, at_wall)
        if note:
            rescues.tell(self._path, DAMAGED, f"Channels of alerts: {note}")
        self._kept = kept or Kept()

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._fixed, *sorted(self._kept.channels))))

    def address(self, name: str) -> Address | None:
        return self._fixed.get(name) or self._kept.channels.get(name)

    def source(self, name: str) -> str:
        return "environment" if name in self._fixed else "file"

    @property
    def heartbeat(self) -> str:
        """An address, "" = none."""
        return self._heartbeat or self._kept.heartbeat

    @property
    def heartbeat_source(self) -> str:
        return "environment" if self._heartbeat else "file"

    def with_channel(self, name: str, url: str) -> Kept:
        """What is to be kept with this channel. Raises RuleRefused."""
        if not NAME.fullmatch(name) or name == BROWSER:
            raise RuleRefused("A channel's name has 1 to 30 small letters, digits, blanks, dashes.", {"name": "name"})
        if name in self._fixed:
            raise RuleRefused(f"{name} comes from the environment and is changed there.")
        if name not in self._kept.channels and len(self.names()) >= CHANNELS_MOST:
            raise RuleRefused(f"There are {CHANNELS_MOST} channels already; delete one first.")
        return replace(self._kept, channels={**self._kept.channels, name: Address(url)})

    def confirmed(self, name: str, url: str) -> Kept | None:
        """A test was accepted by this address; None = it is another one's by now."""
        known = self._kept.channels.get(name)
        if known is None or known.url != url:
            return None
        return replace(self._kept, channels={**self._kept.channels, name: replace(known, confirmed=True)})

    def without(self, name: str) -> Kept:
        if name in self._fixed:
            raise RuleRefused(f"{name} comes from the environment: remove it there.")
        if name not in self._kept.channels:
            raise RuleRefused(f"There is no channel {name!r} any more.")
        return replace(self._kept, channels={key: each for key, each in self._kept.channels.items() if key != name})

    def with_heartbeat(self, url: str) -> Kept:
        if self._heartbeat:
            raise RuleRefused(f"The heartbeat's address comes from the environment ({ENV_HEARTBEAT}).")
        return replace(self._kept, heartbeat=url)

    def save(self, kept: Kept) -> None:
        """On the disk, for its owner's eyes alone. Raises OSError: then the file is as it was."""
        write_kept(self._path, msgspec.json.encode(kept), durable=True)

    def use(self, kept: Kept) -> None:
        self._kept = kept


def _named(environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment names as channels, by their names; one that can't be a name is left out."""
    found = {}
    for variable, url in environ.items():
        if variable.startswith(ENV_PREFIX):
            name = variable[len(ENV_PREFIX) :].lower().replace("_", "-")
            if NAME.fullmatch(name) and name != BROWSER:
                found[name] = url
            else:
                log.warning("%s is no channel: a name has 1 to 30 letters, digits, dashes", variable)
    return found
