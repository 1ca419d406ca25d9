"""Where recorded days come from, by the kind that a page or a run names."""

from __future__ import annotations

from engine.errors import LabError
from engine.lab.app_days import AppRecordings
from engine.lab.recordings import CsvRecordings, Recordings
from engine.storage.encodable import path_of
from engine.storage.urls import not_installed


def recordings(kind: str, folder: str) -> Recordings:
    """The source of recorded days. Raises LabError."""
    if kind == "app":
        return AppRecordings(path_of(folder))
    if kind == "csv":
        return CsvRecordings(path_of(folder))
    if kind == "archive":
        try:
            from engine.lab.archive_days import ArchiveRecordings
        except ImportError as error:
            raise LabError(not_installed("archive.url", folder, str(error.name))) from None
        return ArchiveRecordings(folder)
    raise LabError(f"{kind!r} is no source of recorded days; known: app, csv, archive.")
