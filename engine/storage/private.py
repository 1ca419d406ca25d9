"""Files of ours, opened so that nobody else's file is met: no link is followed, nothing but a regular file is read or
written (a pipe would be waited for without end), and others may not read what is made.

On Windows, where the user's folder has its own rights, links alone are refused.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST = 32 << 20  # bytes of a small file of ours
_LINK = "is a link, and links are not followed"
_QUIET = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BYTES = getattr(os, "O_BINARY", 0)


def read_regular(path: Path, most: int = LARGEST) -> bytes:
    """The whole file. Raises OSError: missing, a link, no regular file, another user's, larger than `most` bytes."""
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        found = os.fstat(file.fileno())
        if is_foreign(found, path):
            raise OSError(errno.EACCES, "belongs to another user", str(path))
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"is larger than {most >> 20} MB", str(path))
        return file.read(most + 1)[:most]


def open_regular(path: str | Path, flags: int) -> int:
    """A descriptor, for `os.fdopen` or as the opener of `open`; a file that it makes is 0600. Raises OSError.

    A file that is to begin anew is emptied only once it is known to be a regular one.
    """
    if not _QUIET and Path(path).is_symlink():
        raise OSError(errno.ELOOP, _LINK, str(path))
    try:
        found = os.open(path, flags & ~os.O_TRUNC | _QUIET | _BYTES, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise OSError(errno.ELOOP, _LINK, str(path)) from None
        raise
    try:
        mode = os.fstat(found).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        if flags & os.O_TRUNC:
            os.ftruncate(found, 0)
    except BaseException:
        os.close(found)
        raise
    return found


def is_foreign(info: os.stat_result, path: Path) -> bool:
    """Whether this, found at `path`, is another user's. To root that is nobody's who owns the folder which it lies in:
    so a folder of the host looks from inside a container, and so does a user's under sudo."""
    if os.name != "posix" or info.st_uid == os.geteuid():
        return False
    return os.geteuid() != 0 or info.st_uid != _owner(path.parent)


def _owner(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None
