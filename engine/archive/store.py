"""The place of the archive: a folder of this machine, or an object store by what fsspec knows (s3://, gs://, abfs://).

A file is there whole or not at all: on disk it takes its name once it is written and flushed, an object store shows an
object when all of it has come. Blocks; any thread, each store from one.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import fsspec

from engine.errors import StateError
from engine.storage.atomic import write_whole
from engine.storage.places import make_folder
from engine.storage.urls import SCALE_PACKAGES, shown_url

FILE_SCHEME = "file://"
_DRIVE = re.compile(r"/[A-Za-z]:[\\/]")  # file:///C:/QTrade
_AWAY = "See that the place of archive.url can be reached and written to; it is tried again by itself."


class Kept(NamedTuple):
    """A file of the archive. `path` within it."""

    path: str
    bytes: int


class ArchiveStore:
    """Every method raises StateError when the place refuses.

    Raises:
        StateError: nobody knows such a URL, or what fsspec needs for it is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._folder = _folder_of(self.url)
        try:
            self.system, root = fsspec.core.url_to_fs(str(self._folder or self.url))
        except (ImportError, ValueError) as error:
            raise StateError(
                f"archive.url is {shown_url(url)}: {error}",
                f"Install the package that it names, beside {SCALE_PACKAGES}, or correct the URL.",
            ) from error
        self._root = str(root).rstrip("/")

    def put(self, path: str, content: bytes) -> None:
        """Write a file, over one of that name."""
        try:
            if self._folder is not None:
                make_folder(self._folder)
                write_whole(self._folder / path, content, durable=True)
            else:
                self.system.pipe_file(self.full(path), content)
        except Exception as error:  # each store has its own
            raise self._refused(error) from error

    def files(self, under: str) -> Iterator[Kept]:
        """All files below a folder; none where it lacks."""
        try:
            self.system.invalidate_cache()
            found: dict[str, Any] = self.system.find(self.full(under), detail=True)
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._refused(error) from error
        start = len(self._root) + 1
        for name, info in sorted(found.items()):
            yield Kept(str(name).replace("\\", "/")[start:], int(info.get("size") or 0))

    def remove(self, path: str) -> None:
        try:
            self.system.rm_file(self.full(path))
        except FileNotFoundError:
            pass
        except Exception as error:
            raise self._refused(error) from error

    def set_aside(self, path: str) -> str:
        """Give a damaged file another name, which is none of the archive's; returns it."""
        aside = f"{path}.bad"
        try:
            self.system.mv(self.full(path), self.full(aside))
        except Exception as error:
            raise self._refused(error) from error
        return aside

    def full(self, path: str) -> str:
        """As the file system calls it."""
        return posixpath.join(self._root, path)

    def address(self, path: str) -> str:
        """As DuckDB calls it."""
        return self.full(path) if self._folder is not None else str(self.system.unstrip_protocol(self.full(path)))

    @property
    def is_folder(self) -> bool:
        """Of this machine."""
        return self._folder is not None

    def _refused(self, error: Exception) -> StateError:
        return StateError(f"{shown_url(self.url)}: {error or type(error).__name__}", _AWAY)


def _folder_of(url: str) -> Path | None:
    if not url.startswith(FILE_SCHEME):
        return None
    text = url[len(FILE_SCHEME) :]
    return Path(text[1:] if _DRIVE.match(text) else text).expanduser().absolute()
