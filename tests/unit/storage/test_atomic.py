"""Small files: whole or not at all, in order, and never written by the loop."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest

from engine.contracts.symbols import SymbolIndex
from engine.domain import ContractRef
from engine.lines.watch import SymbolWatch
from engine.storage import atomic
from engine.storage.atomic import FileThread, keep_now, write_whole
from tests.patience import DEADLINE_S


def in_the_way(folder: Path) -> Path:
    """A path that can't be written: a file stands where its folder should be."""
    folder.joinpath("file").write_bytes(b"")
    return folder / "file" / "x.json"


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def test_a_file_is_replaced_whole_and_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.json"
    write_whole(path, b"one")
    path.chmod(0o644)
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert names_in(path.parent) == ["x.json"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_only_what_must_last_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write_whole(tmp_path / "x", b"1")
    assert synced == []
    write_whole(tmp_path / "x", b"2", durable=True)
    assert len(synced) == 1


def test_a_refusal_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    write_whole(path, b"one")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two", durable=True)
    assert path.read_bytes() == b"one"
    assert names_in(tmp_path) == ["x.json"], "no half of a file is left"


def test_a_refusal_is_logged_with_what_it_costs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_now(in_the_way(tmp_path), b"1", "the pins last until the program ends")
    assert "x.json" in caplog.text and "the pins last until the program ends" in caplog.text


def test_the_thread_writes_in_order_and_all_of_it_before_it_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "CLOSE_S", DEADLINE_S)  # a busy disk takes longer than a closing program waits
    path, gate = tmp_path / "x", threading.Event()
    threads: list[str] = []

    def wait() -> None:
        threads.append(threading.current_thread().name)
        gate.wait(10)

    async def scenario() -> None:
        files = FileThread()
        slow = asyncio.create_task(files.run(wait))
        await asyncio.sleep(0)
        for number in range(50):
            files.keep(path, b"%d" % number, "")
        assert not path.exists(), "nobody waited for the disk"
        gate.set()
        await files.close()
        await slow
        assert path.read_bytes() == b"49"
        files.keep(path, b"late", "")
        assert path.read_bytes() == b"late", "after the loop there is nobody to wait"

    asyncio.run(scenario())
    assert threads[0].startswith("files")


def test_the_threads_errors_reach_who_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        files = FileThread()
        try:
            with pytest.raises(OSError):
                await files.run(lambda: write_whole(in_the_way(tmp_path), b""))
            assert await files.run(lambda: 7) == 7
        finally:
            await files.close()

    asyncio.run(scenario())


def test_pins_and_former_names_reach_the_disk_through_the_thread(tmp_path: Path) -> None:
    old, new = (ContractRef(1, name, name, "STK", exchange="SMART") for name in ("FB", "META"))

    async def scenario() -> None:
        files = FileThread()
        gate = threading.Event()
        blocked = asyncio.create_task(files.run(lambda: gate.wait(10)))
        await asyncio.sleep(0)
        watch, index = SymbolWatch(files.keep), SymbolIndex(keep=files.keep)
        watch.attach(tmp_path)
        index.former.attach(tmp_path)
        watch.pin(old, True)
        index.learn([old])
        index.learn([new])
        watch.rename(new)
        assert names_in(tmp_path) == []
        gate.set()
        await files.close()
        await blocked

    asyncio.run(scenario())
    watch, index = SymbolWatch(), SymbolIndex()
    watch.attach(tmp_path)
    index.former.attach(tmp_path)
    assert [pin.symbol for pin in watch.pins()] == ["META"] and index.former.rows() == ((1, "FB"),)
