"""Where state, history and logs are kept: one folder a user, never on a share, better not in a synced folder."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.errors import ConfigError
from engine.storage.places import is_network_path, make_private

_SYNCED = re.compile(
    r"^(onedrive.*|dropbox.*|google ?drive.*|my drive|iclouddrive|mobile documents|nextcloud|owncloud|pcloud ?drive"
    r"|box|mega|syncthing|yandex\.?disk)$",
    re.IGNORECASE,
)


def default_data_folder(environ: Mapping[str, str], home: Path, is_windows: bool) -> Path:
    """`%LOCALAPPDATA%\\QTrade`, else `$XDG_STATE_HOME/qtrade`, else `~/.local/state/qtrade`."""
    local = environ.get("LOCALAPPDATA")
    if is_windows:
        return (Path(local) if local else home / "AppData" / "Local") / "QTrade"
    state = environ.get("XDG_STATE_HOME", "")
    # The base-directory rules say that a relative path there is to be ignored.
    return (Path(state) if state.startswith("/") else home / ".local" / "state") / "qtrade"


def data_folder(chosen: str | None, origin: str, environ: Mapping[str, str], home: Path, is_windows: bool) -> Path:
    """The folder to use, absolute. Raises ConfigError for a network path; makes nothing."""
    if chosen is None:
        return default_data_folder(environ, home, is_windows)
    if is_network_path(chosen, is_windows):
        raise ConfigError(
            f"{origin}: data_dir is {chosen!r}; must be on a disk of this machine, not on a network share: the files "
            "would be damaged. Use a local folder."
        )
    typed = Path(chosen)
    expanded = home / typed.relative_to("~") if typed.parts[:1] == ("~",) else typed
    return expanded.absolute()


def synced_by(folder: Path) -> str | None:
    """Name of the folder above (or at) `folder` that a synchroniser keeps; None when none is recognised."""
    return next((part for part in folder.parts if _SYNCED.match(part)), None)


def check_data_folder(folder: Path) -> None:
    """What `make_data_folder` would refuse, found without touching the disk. Raises ConfigError."""
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not nearest.is_dir():
        raise _unusable(folder, f"{nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _unusable(folder, f"no right to write in {nearest}")
    if nearest == folder:
        _refuse_others(folder, folder.stat())


def make_data_folder(folder: Path) -> None:
    """Create it for this user only; one that was there is closed to others.

    Raises ConfigError when it can't be made, can't be written to, or is not the user's own.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700)
        found = folder.stat()
        _refuse_others(folder, found)
        if _is_lent(found):
            folder.chmod(stat.S_IMODE(found.st_mode) & 0o700)
        else:
            make_private(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None


def owner_note(folder: Path) -> str:
    """What root should know of a folder that is another user's; "" = nothing."""
    try:
        found = folder.stat()
    except OSError:
        return ""
    if not _is_lent(found):
        return ""
    return (
        f"Data folder {folder} belongs to user {found.st_uid}, and QTrade runs as root: what it writes there will be"
        " root's. That is usual in a container with a folder of the host; elsewhere start it as that user, without sudo"
    )


def _is_lent(found: os.stat_result) -> bool:
    """Another user's, while we are root."""
    return os.name == "posix" and os.geteuid() == 0 and found.st_uid != 0


def _refuse_others(folder: Path, found: os.stat_result) -> None:
    """Whose the folder is could read the account, and put anything in it that we would open. Root may use a folder that
    nobody but its owner can write to: in a container it can't be another one's."""
    if os.name == "posix" and found.st_uid != os.geteuid() and not _is_lent(found):
        raise _unusable(folder, "it belongs to another user")
    if _is_lent(found) and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        words = f"it belongs to user {found.st_uid}, QTrade runs as root, and others may write to it (chmod go-w)"
        raise _unusable(folder, words)
    if os.name == "posix" and found.st_mode & stat.S_ISVTX:
        raise _unusable(folder, "it is shared by all users (like /tmp)")


def _unusable(folder: Path, found: str) -> ConfigError:
    return ConfigError(
        f"data folder {folder}: {found}; must be a folder of your own that you may write to. Choose another one with "
        "--data-dir."
    )
