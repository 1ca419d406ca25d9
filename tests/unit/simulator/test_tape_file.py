"""The file of a recording: frames split anywhere, a file that ends in the middle, a disk that is full."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.tape.cutter import Cutter, payload_of, to_bytes
from simulator.tape.entries import END, FROM_SERVER, LOST, WITHHELD, NotATape
from simulator.tape.reading import TapeReader
from simulator.tape.redaction import Redactor
from simulator.tape.writing import TapeWriter, new_header
from tests.patience import wait_for

BODIES = [b"v157..176", b"49\x001\0", b"1\x006\x007\x004\x00150.25\x00100\x000\0", b"19\x001\0" + b"x" * 70_000 + b"\0"]


def framed(bodies):
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=30), client=st.booleans())
def test_frames_are_the_same_however_they_are_split(cuts, client):
    data = (b"API\0" if client else b"") + framed(BODIES)
    cutter, found, at = Cutter(client=client), [], 0
    for end in [*sorted(cuts), len(data)]:
        found += cutter.feed(data[at:end])
        at = max(at, end)
    assert found == BODIES and not cutter.is_lost


def test_garbage_ends_the_cutting_and_nothing_else():
    server, client = Cutter(client=False), Cutter(client=True)
    assert server.feed(framed(BODIES[:1]) + b"\x7f\xff\xff\xffrest") == BODIES[:1]
    assert server.is_lost and server.feed(framed(BODIES)) == []
    assert client.feed(b"GET / HTTP/1.1") == [] and client.is_lost


@given(st.binary(max_size=60))
def test_a_body_comes_back_as_it_came(body):
    payload = payload_of(body, raw_ids=False)
    text = "\0".join(payload.fields) + ("\0" if payload.ended else "")
    assert to_bytes(text) == body


def test_of_protobuf_only_the_kind_and_the_size_are_kept():
    assert payload_of(b"\0\0\0\xcc" + b"U7654321", raw_ids=True) == (None, True, 4, 12)
    assert payload_of(b"\0\0\0\x31" + b"1\x001762354800\0", raw_ids=True).fields == ["49", "1", "1762354800"]


def written(path, count=200, end=True):
    tape = TapeWriter(path, new_header("test"), Redactor())
    tape.note(0.0, 1, "version", {"server_version": 176, "clock": ""})
    for number in range(count):
        tape.message(0.01 * number, 1, FROM_SERVER, f"1\0006\0{number}\0004\000150.25\000100\0000\0".encode())
    if end:
        tape.note(9.0, 0, END, {})
    tape.close()
    assert tape.lost == 0
    return path


def test_a_recording_comes_back_as_it_was_written(tmp_path):
    reader = TapeReader(written(tmp_path / "a.tape.gz"))
    entries = list(reader.entries())
    assert (reader.header.server_version, reader.header.redacted) == (176, True)
    assert [entry.fields[2] for entry in entries if entry.what == FROM_SERVER] == [str(n) for n in range(200)]
    assert reader.is_whole and reader.trouble == ""


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_a_file_that_ends_in_the_middle_gives_all_that_came_before(tmp_path, share):
    path = written(tmp_path / "a.tape.gz", count=5000)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    reader = TapeReader(path)
    numbers = [int(entry.fields[2]) for entry in reader.entries() if entry.what == FROM_SERVER]
    assert numbers == list(range(len(numbers))) and len(numbers) > 5000 * share * 0.5
    assert reader.trouble and not reader.is_whole


def test_a_file_that_is_being_written_can_be_read(tmp_path):
    path = tmp_path / "a.tape.gz"
    tape = TapeWriter(path, new_header("test"), Redactor())
    try:
        tape.message(0.5, 1, FROM_SERVER, b"49\x001\x001762354800\0")
        wait_for(lambda: path.stat().st_size, "the first flush")
        assert [entry.fields[0] for entry in TapeReader(path).entries()] == ["49"]
    finally:
        tape.close()


def test_a_damaged_middle_leaves_what_came_before(tmp_path):
    path = written(tmp_path / "a.tape.gz", count=20_000)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = b"\xff" * 64
    path.write_bytes(data)
    reader = TapeReader(path)
    assert list(reader.entries()) and reader.trouble


def test_a_text_file_that_somebody_unpacked_can_be_read(tmp_path):
    packed, plain = written(tmp_path / "a.tape.gz"), tmp_path / "a.tape"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    assert len(list(TapeReader(plain).entries())) == len(list(TapeReader(packed).entries()))


NEWER = b'{"tape":99,"build":"","began":"","zone":"","server_version":null}\n'
NOT_WHOLE = b'{"tape":1,"build":"","began":"yesterday","zone":"","server_version":null,"redacted":true}\n'
NONE = [NOT_WHOLE, b"", b"\n", b"hello\n", b'{"tape":1}\n', gzip.compress(b"[]\n", mtime=0), b"\x1f\x8bxx", NEWER]


@pytest.mark.parametrize("content", NONE, ids=range(len(NONE)))
def test_what_is_no_recording_is_refused_in_words(tmp_path, content):
    path = tmp_path / "x.tape.gz"
    path.write_bytes(content)
    with pytest.raises(NotATape):
        TapeReader(path)


def test_a_recording_is_never_written_over(tmp_path):
    path = written(tmp_path / "a.tape.gz")
    with pytest.raises(FileExistsError):
        TapeWriter(path, new_header("test"), Redactor())


class FullDisk:
    """A file that takes part of a chunk and then no more, until it is `freed`."""

    def __init__(self, file):
        self._file, self.freed, self.refused = file, False, 0

    def write(self, data):
        if self.freed:
            return self._file.write(data)
        if self.refused % 2 == 0 and len(data) > 1:
            self.refused += 1
            return self._file.write(data[: len(data) // 2])
        self.refused += 1
        raise OSError(28, "No space left on device")

    def __getattr__(self, name):
        return getattr(self._file, name)


def test_a_full_disk_loses_nothing_that_fits_into_memory(tmp_path):
    path = tmp_path / "a.tape.gz"
    tape = TapeWriter(path, new_header("test"), Redactor())
    disk = tape._file = FullDisk(tape._file)
    tape.message(0.5, 1, FROM_SERVER, b"49\x001\x001\0")
    wait_for(lambda: disk.refused > 1, "the disk refuses")
    tape.message(0.6, 1, FROM_SERVER, b"49\x001\x002\0")
    disk.freed = True
    tape.close()
    reader = TapeReader(path)
    assert [entry.fields[2] for entry in reader.entries()] == ["1", "2"]


def test_what_does_not_fit_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.tape.writing.QUEUE_BYTES", 1000)
    path = tmp_path / "a.tape.gz"
    tape = TapeWriter(path, new_header("test"), Redactor())
    for number in range(50):
        tape.message(0.5, 1, FROM_SERVER, f"49\0001\000{number}\0".encode())
    tape.close()
    entries = list(TapeReader(path).entries())
    lost = next(entry.about["messages"] for entry in entries if entry.what == LOST)
    assert lost + sum(entry.what == FROM_SERVER for entry in entries) == 50 and tape.lost == lost


def test_how_a_connection_is_read_is_never_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.tape.writing.QUEUE_BYTES", 1000)
    monkeypatch.setattr("simulator.tape.writing.CHUNK_BYTES", 100)
    path = tmp_path / "a.tape.gz"
    tape = TapeWriter(path, new_header("test"), Redactor())
    for number in range(50):
        tape.message(0.5, 1, FROM_SERVER, f"49\0001\000{number}\0".encode())
    tape.note(0.6, 2, "version", {"server_version": 176, "clock": ""})
    tape.note(0.7, 2, "closed", {"by": "server", "how": "closed"})
    tape.close()
    notes = [entry.what for entry in TapeReader(path).entries() if entry.what != FROM_SERVER]
    assert notes[:2] == ["version", "closed"] and LOST in notes and tape.lost > 30


def test_protobuf_is_noted_and_not_written(tmp_path):
    path = tmp_path / "a.tape.gz"
    tape = TapeWriter(path, new_header("test"), Redactor())
    tape.note(0.0, 1, "version", {"server_version": 210, "clock": ""})
    tape.message(0.1, 1, FROM_SERVER, b"\0\0\0\xcc" + b"U7654321")
    tape.close()
    assert [entry.what for entry in TapeReader(path).entries()] == ["version", WITHHELD]
    assert b"7654321" not in gzip.decompress(path.read_bytes())
