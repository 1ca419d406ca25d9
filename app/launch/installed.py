"""What is installed beside this Python, as doctor asks of it."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Installed(Protocol):
    """The packages of an environment."""

    def version(self, name: str) -> str | None:
        """None = it is not installed."""

    def damaged(self, name: str) -> list[str]:
        """Paths of its files that are gone, or have another SHA-256 than pip wrote down (its RECORD)."""


class OfThisPython:
    """Reads every file of a package that is asked about: a second for all of them. Any thread."""

    def version(self, name: str) -> str | None:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None

    def damaged(self, name: str) -> list[str]:
        return list(_damaged(importlib.metadata.distribution(name)))


def _damaged(package: importlib.metadata.Distribution) -> Iterator[str]:
    """By the RECORD itself: `package.files` leaves out what is gone, once importlib_metadata is loaded."""
    for row in csv.reader((package.read_text("RECORD") or "").splitlines()):
        path, kind_and_hash = row[0], row[1] if len(row) > 1 else ""
        if not kind_and_hash.startswith("sha256="):
            continue  # what Python compiled, and the RECORD itself
        try:
            with Path(str(package.locate_file(path))).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()  # in pieces: some have 30 MB
        except OSError:
            yield path
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != kind_and_hash.removeprefix("sha256="):
            yield path
