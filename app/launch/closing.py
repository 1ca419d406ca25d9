"""What lies in the data folder already, closed to other users, and what others have planted there set aside.

New files are private by the process' umask; this is for folders of before, and for those that somebody else could write
to. In a folder that holds other things as well, only what QTrade has made is touched.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.storage.places import free_for_file, is_own_folder_link, make_folder, make_private

_OUR_FOLDER = re.compile(r"logs|state|(simulated|paper|live)-.*")
_OUR_FILE = re.compile(
    r"(settings|accounts|simulator|simulator-state|scan-parameters|alert-channels|watchlists(-simulated)?)\..*|engine\.lock"
)
_ASIDE = re.compile(r".*\.(corrupt|bad|newer)-\d+(-\d+)?")  # moved there already
_DEEPEST = 6
_MOST = 50_000  # entries looked at: a start must not take minutes


def close_to_others(folder: Path) -> None:
    """Directories 0700, files 0600; links, pipes and files of other users are moved and told to `rescues`. Blocks."""
    for count, (path, found) in enumerate(_ours(folder, 0)):
        if count >= _MOST:
            return
        if stat.S_ISDIR(found.st_mode) or (stat.S_ISLNK(found.st_mode) and is_own_folder_link(path, found)):
            make_folder(path)  # where it was another user's and is moved, a new one
        else:
            free_for_file(path)
            make_private(path)


def _ours(folder: Path, depth: int) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything in `folder` that QTrade has made, folders before what is in them; links are not entered."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if depth == 0 and not (_OUR_FOLDER.fullmatch(entry.name) or _OUR_FILE.fullmatch(entry.name)):
            continue
        if _ASIDE.fullmatch(entry.name):
            continue
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        path = Path(entry.path)
        yield path, found
        if stat.S_ISDIR(found.st_mode) and depth < _DEEPEST:
            yield from _ours(path, depth + 1)
