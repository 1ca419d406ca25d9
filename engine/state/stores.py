"""From `state.url` to the store that it names. A server's client is imported only where its URL is used."""

from __future__ import annotations

import re
from pathlib import Path

from engine.config import FOLDER_SCHEME
from engine.errors import ConfigError, StateError
from engine.state.disk_store import DiskStore
from engine.state.store import StateStore
from engine.storage.urls import not_installed

_DRIVE = re.compile(r"/[A-Za-z]:[\\/]")  # diskcache:///C:/QTrade


def open_store(url: str) -> StateStore:
    """The store of a `state.url` that has passed the settings' check; connects when it is first used.

    Raises:
        ConfigError: the package that it needs is not installed, or the URL has options that nobody knows.
    """
    if url.startswith(FOLDER_SCHEME):
        text = url[len(FOLDER_SCHEME) :]
        return DiskStore(Path(text[1:] if _DRIVE.match(text) else text).expanduser().absolute())
    try:
        from engine.state.redis_store import RedisStore
    except ModuleNotFoundError as error:
        raise ConfigError(not_installed("state.url", url, str(error.name))) from None
    try:
        return RedisStore(url)
    except StateError as error:
        raise ConfigError(f"{error}. {error.cure}") from None
