"""Reads a recording, also one that ends in the middle: what came before the damage is all there."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from simulator.tape.entries import END, Entry, Header, NotATape, read_entry, read_header

BLOCK_BYTES = 1 << 16
LONGEST_LINE_BYTES = 128 << 20


class TapeReader:
    """`header` at once, `entries` once. `trouble` says afterwards what was not as it should be, "" = nothing."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, and NotATape for a file that is none."""
        self.path = path
        self.trouble = ""
        self.is_whole = False  # the recording was ended properly
        self._damaged = 0
        self._lines = self._read_lines()
        first = next(self._lines, None)
        if first is None:
            raise NotATape(f"no line can be read from it{f' ({self.trouble})' if self.trouble else ''}")
        self.header: Header = read_header(first)

    def entries(self) -> Iterator[Entry]:
        """In the order of time. Lines that are damaged are left out and counted."""
        for line in self._lines:
            entry = read_entry(line)
            if entry is None:
                self._damaged += 1
                continue
            self.is_whole = entry.what == END
            yield entry
        if not self.is_whole and not self.trouble:
            self.trouble = "it ends without its last line: the recorder was killed, or the file is a part"
        if self._damaged:
            self.trouble = f"{self.trouble}; {self._damaged} lines cannot be read".removeprefix("; ")

    def _read_lines(self) -> Iterator[bytes]:
        """Whole lines; a last one without its end is none."""
        rest = b""
        for block in self._read_blocks():
            rest += block
            if len(rest) > LONGEST_LINE_BYTES:
                self.trouble = "a line has no end"
                return
            *lines, rest = rest.split(b"\n")
            yield from lines
        if rest:
            self.trouble = self.trouble or "its last line is cut off"

    def _read_blocks(self) -> Iterator[bytes]:
        """What is in the file, unpacked; a plain text file as it is."""
        with self.path.open("rb") as file:
            data = file.read(BLOCK_BYTES)
            if data[:2] != b"\x1f\x8b":
                while data:
                    yield data
                    data = file.read(BLOCK_BYTES)
                return
            unpacker = zlib.decompressobj(31)
            while data:
                before = unpacker.copy()
                try:
                    yield unpacker.decompress(data)
                except zlib.error as problem:
                    self.trouble = f"it is damaged before byte {file.tell()}: {problem}"
                    yield from _up_to_damage(before, data)
                    return
                data = file.read(BLOCK_BYTES)


def _up_to_damage(unpacker: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        try:
            yield unpacker.decompress(data[at : at + 1])
        except zlib.error:
            return
