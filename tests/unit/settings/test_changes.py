"""SettingsKeeper: all or nothing, saved, journalled, revertible, locked keys refused."""

import asyncio
import json
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import ConfigError
from engine.settings.changes import SettingsKeeper
from engine.settings.effective import resolve, saved_layer
from engine.settings.sources import Layer
from engine.state.sections import ChangeRow
from engine.storage.atomic import FileThread
from tests.instantly import instantly


class ListJournal:
    def __init__(self) -> None:
        self.rows: list[ChangeRow] = []

    def record_change(self, who: str, key: str, old: Any, new: Any) -> None:
        self.rows.insert(0, ChangeRow(len(self.rows) + 1, 0.0, who, key, old, new))

    def mark_reverted(self, change_id: int) -> None:
        self.rows = [replace(row, reverted=row.reverted or row.id == change_id) for row in self.rows]

    def changes(self, limit: int) -> list[ChangeRow]:
        return self.rows[:limit]


@pytest.fixture
def desk(tmp_path):
    applied, journal = [], ListJournal()
    environment = Layer("environment", {"lines.limit": 40}, {"lines.limit": "environment QTRADE_LINES__LIMIT"})
    settings = resolve([Layer("command line"), environment, saved_layer({}), Layer("config.yaml")])
    keeper = SettingsKeeper(settings, tmp_path / "settings.json", journal, applied.append, lambda: 0.0)
    return keeper, journal, applied, tmp_path / "settings.json"


def test_a_change_is_applied_saved_and_journalled(desk):
    keeper, journal, applied, path = desk
    assert (
        instantly(keeper.change({"breakout.bars_n": 15, "breakout.rel_volume": 3.0}, "page")) == "2 settings applied."
    )
    assert keeper.settings.config.breakout.bars_n == 15
    assert applied[-1].config.breakout.rel_volume == 3.0
    assert json.loads(path.read_text(encoding="utf-8"))["values"]["breakout.bars_n"] == 15
    assert [(row.key, row.old, row.new) for row in journal.rows] == [
        ("breakout.rel_volume", 1.5, 3.0),
        ("breakout.bars_n", 20, 15),
    ]
    assert "already" in instantly(keeper.change({"breakout.bars_n": 15}, "page"))
    assert len(journal.rows) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"breakout.bars_n": 15, "breakout.buffer_atr": 9.0}, "breakout.buffer_atr"),
        ({"breakout.ema_fast": 50}, "ema_slow"),
        ({"lines.limit": 60}, "QTRADE_LINES__LIMIT"),
        ({"breakout.nonsense": 1}, "not a setting"),
        ({"breakout.bars_n": "many"}, "breakout.bars_n"),
    ],
)
def test_a_bad_change_is_refused_whole(desk, changes, said):
    keeper, journal, applied, path = desk
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        instantly(keeper.change(changes, "page"))
    assert keeper.settings.config.breakout.bars_n == 20
    assert (journal.rows, applied, path.exists()) == ([], [], False)


def test_revert_sets_the_old_value_back(desk):
    keeper, journal, _, _ = desk
    instantly(keeper.change({"breakout.bars_n": 15}, "page"))
    instantly(keeper.revert(journal.rows[0].id, "page"))
    assert keeper.settings.config.breakout.bars_n == 20
    assert [row.reverted for row in journal.rows] == [False, True]
    with pytest.raises(ConfigError, match="not in the journal"):
        instantly(keeper.revert(999, "page"))


def test_what_needs_a_start_says_so(desk):
    keeper = desk[0]
    assert "At the next start: web.port" in instantly(keeper.change({"web.port": 8077}, "page"))


def test_the_section_shows_source_and_lock(desk):
    rows = {row.key: row for row in desk[0].section().rows}
    assert (rows["lines.limit"].value, rows["lines.limit"].locked) == (40, True)
    assert rows["lines.limit"].source == "environment QTRADE_LINES__LIMIT"
    assert (rows["breakout.bars_n"].source, rows["breakout.bars_n"].default) == ("default", 20)


def test_a_refused_write_changes_nothing_and_says_why(desk):
    keeper, journal, applied, path = desk
    path.parent.rmdir()
    path.parent.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"settings\.json can't be written \(File exists\); nothing was changed"):
        instantly(keeper.change({"breakout.bars_n": 15}, "page"))
    assert keeper.settings.config.breakout.bars_n == 20
    assert (journal.rows, applied, path.exists()) == ([], [], False)


def test_a_slow_disk_holds_no_loop_and_keeps_the_order(desk):
    _, journal, applied, path = desk
    gate, writers = threading.Event(), []

    async def scenario():
        files = FileThread()

        def run(work):
            def slowly():
                writers.append(threading.current_thread().name)
                gate.wait(10)
                work()

            return files.run(slowly)

        keeper = SettingsKeeper(desk[0].settings, path, journal, applied.append, lambda: 0.0, run)
        numbers = range(10, 20)
        changes = [asyncio.create_task(keeper.change({"breakout.bars_n": number}, "page")) for number in numbers]
        changes.append(asyncio.create_task(keeper.change({"breakout.rel_volume": 3.0}, "page")))
        await asyncio.sleep(0.02)
        assert applied == [] and keeper.settings.config.breakout.bars_n == 20, "not in force before it is on the disk"
        gate.set()
        await asyncio.gather(*changes)
        await files.close()
        return keeper

    keeper = asyncio.run(scenario())
    saved = json.loads(path.read_text(encoding="utf-8"))["values"]
    assert (saved["breakout.bars_n"], saved["breakout.rel_volume"]) == (19, 3.0)
    assert keeper.settings.config.breakout.bars_n == 19
    assert [row.new for row in journal.rows[::-1]] == [*range(10, 20), 3.0]
    assert [row.old for row in journal.rows[::-1]][1:10] == list(range(10, 19)), "each begins where the last one ended"
    assert set(writers) == {writers[0]} and writers[0].startswith("files")
