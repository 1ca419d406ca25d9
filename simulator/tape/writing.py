"""Writes a recording in a thread of its own: neither disk nor compression ever holds up the messages that pass.

What is written is readable up to the last flush, however the process ends. When the disk is full the chunk is kept
and tried again; when too much waits, messages are left out of the recording, and it says how many.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.tape.cutter import payload_of
from simulator.tape.entries import FROM_CLIENT, FROM_SERVER, LOST, UNENDED, WITHHELD, Header, entry_line, header_line
from simulator.tape.redaction import Redactor

log = logging.getLogger("simulator.record")

FLUSH_S = 1.0
QUEUE_BYTES = 64 << 20  # messages that wait for the thread
CHUNK_BYTES = 16 << 20  # lines that wait for a disk
JOIN_S = 60.0  # a slow disk at the end: the file is worth the wait


class TapeWriter:
    """`message` and `note` from one thread, in the order of time; `close` writes the rest.

    A note with `server_version` tells by which version the later messages of its connection are read.
    """

    def __init__(self, path: Path, header: Header, redactor: Redactor) -> None:
        """Raises OSError (FileExistsError for a file that is there: a recording is never written over)."""
        self.path = path
        self.redactor = redactor
        self.messages = 0
        self.lost = 0
        self._header = header
        self._versions: dict[int, int] = {}
        self._queue: deque[tuple[float, int, str, bytes | dict[str, Any]]] = deque()
        self._queued_bytes = 0
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._lines: list[bytes] = []
        self._lines_bytes = 0
        self._header_written = False
        self._unsaid_lost = 0
        self._compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
        self._said = ""
        self._file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb", buffering=0
        )
        self._thread = threading.Thread(target=self._run, name="tape-writer", daemon=True)
        self._thread.start()

    def message(self, t: float, connection: int, direction: str, body: bytes) -> None:
        self._put(t, connection, direction, body, len(body) + 64)

    def note(self, t: float, connection: int, what: str, about: dict[str, Any]) -> None:
        self._put(t, connection, what, about, 128)

    def close(self) -> None:
        self._closing.set()
        self._thread.join(JOIN_S)

    # any thread

    def _put(self, t: float, connection: int, what: str, content: bytes | dict[str, Any], size: int) -> None:
        with self._guard:
            if isinstance(content, bytes) and self._queued_bytes + size > QUEUE_BYTES:  # notes say how to read the rest
                self._unsaid_lost += 1
                return
            self._queued_bytes += size
            self._queue.append((t, connection, what, content))

    # the writer's thread

    def _run(self) -> None:
        while not self._closing.wait(FLUSH_S):
            self._contained(self._turn)
        self._contained(self._turn)
        self._contained(self._finish)

    def _contained(self, work: Callable[[], None]) -> None:
        """No error ends the recording for good."""
        try:
            work()
        except Exception:
            log.exception("a part of the recording is lost")

    def _turn(self) -> None:
        while self._take_some():
            if self._lines_bytes >= CHUNK_BYTES:
                break
        self._flush()

    def _take_some(self) -> bool:
        with self._guard:
            some = [self._queue.popleft() for _ in range(min(1000, len(self._queue)))]
            self._queued_bytes -= sum(len(one[3]) + 64 if isinstance(one[3], bytes) else 128 for one in some)
            lost, self._unsaid_lost = self._unsaid_lost, 0
        for t, connection, what, content in some:
            try:
                line = self._line(t, connection, what, content)
            except Exception:
                log.exception("a message is left out of the recording")
                lost += 1
                continue
            self._add(line, is_note=isinstance(content, dict))
        if lost:
            self.lost += lost
            self._add(entry_line(some[-1][0] if some else 0.0, 0, LOST, {"messages": lost}), is_note=True)
        return bool(some)

    def _add(self, line: bytes, *, is_note: bool) -> None:
        if not is_note and self._lines_bytes + len(line) > 2 * CHUNK_BYTES:
            self.lost += 1
            return
        self._lines.append(line)
        self._lines_bytes += len(line)

    def _line(self, t: float, connection: int, what: str, content: bytes | dict[str, Any]) -> bytes:
        if isinstance(content, dict):
            if "server_version" in content:
                self._versions[connection] = content["server_version"]
                if not self._header_written and self._header.server_version is None:
                    self._header.server_version = content["server_version"]
            return entry_line(t, connection, what, content)
        version = self._versions.get(connection, 0)
        payload = payload_of(content, raw_ids=version >= 201)
        self.messages += 1
        if payload.fields is None:
            about = {"side": what, "id": payload.message_id, "bytes": payload.size}
            return entry_line(t, connection, WITHHELD, about)
        redact = {FROM_CLIENT: self.redactor.client, FROM_SERVER: self.redactor.server}[what]
        direction = what if payload.ended else what + UNENDED
        return entry_line(t, connection, direction, redact(payload.fields, version))

    def _flush(self) -> None:
        """All waiting lines as one chunk that can be read from the disk; on failure they wait on."""
        if not self._lines:
            return
        if not self._header_written:
            self._lines.insert(0, header_line(self._header))
            self._header_written = True
        if self._write(b"".join(self._lines), zlib.Z_SYNC_FLUSH):
            self._lines.clear()
            self._lines_bytes = 0

    def _finish(self) -> None:
        if not self._header_written:
            self._lines.insert(0, header_line(self._header))
            self._header_written = True
        self._write(b"".join(self._lines), zlib.Z_FINISH)
        self._file.close()

    def _write(self, data: bytes, mode: int) -> bool:
        """Compressed, whole or not at all: a part of a chunk would make the rest of the file unreadable."""
        attempt = self._compressor.copy()
        packed = attempt.compress(data) + attempt.flush(mode)
        begin = self._file.tell()
        try:
            done = 0
            while done < len(packed):
                done += self._file.write(packed[done:]) or 0
        except OSError as problem:
            self._file.seek(begin)
            self._file.truncate()
            self._say(f"{self.path}: {problem.strerror or problem}; it is tried again")
            return False
        self._compressor, self._said = attempt, ""
        return True

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            log.warning("the recording is not written: %s", text)


def new_header(build: str) -> Header:
    began = time.time()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began))
    return Header(
        build=build, began=f"{moment}.{int(began % 1 * 1000):03d}Z", zone=time.strftime("%Z %z"), server_version=None
    )
