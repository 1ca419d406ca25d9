"""Named sets of thresholds: built in, kept, loaded as one change, deleted, taken back, there after a restart."""

import json

import pytest

from engine.config import BreakoutParams
from engine.errors import ConfigError
from engine.settings import sets as threshold_sets
from engine.settings.changes import SettingsKeeper
from engine.settings.effective import resolve_keeping_start, saved_layer
from engine.settings.saved import load_saved
from engine.settings.sources import Layer
from tests.instantly import instantly
from tests.unit.settings.test_changes import ListJournal

NOON = 1_762_362_000.0  # 2025-11-05 12:00 New York


def keeper_on(folder, command_line=None, at=NOON):
    saved = saved_layer(load_saved(folder / "settings.json").values)
    settings = resolve_keeping_start([command_line or Layer("command line"), Layer("environment"), saved])
    journal, applied = ListJournal(), []
    return SettingsKeeper(settings, folder / "settings.json", journal, applied.append, lambda: at), journal, applied


def names(keeper):
    return [row.name for row in keeper.section().sets]


def in_force(keeper):
    return [row.name for row in keeper.section().sets if row.in_force]


def test_the_built_in_sets_are_valid_and_differ():
    sets = list(threshold_sets.BUILT_IN.values())
    assert sets[0] == BreakoutParams()
    assert len({each.model_dump_json() for each in sets}) == len(sets) == 4
    for each in sets:
        assert BreakoutParams.model_validate(each.model_dump()) == each


def test_loading_is_one_change_that_one_click_takes_back(tmp_path):
    keeper, journal, applied = keeper_on(tmp_path)
    instantly(keeper.change({"breakout.bars_n": 30}, "page"))
    before = keeper.settings.config.breakout
    assert instantly(keeper.use_set("load", "Strict", "page")) == "6 settings applied."
    assert applied[-1].config.breakout == threshold_sets.BUILT_IN["Strict"]
    assert [row.key for row in journal.rows] == ["set:Strict", "breakout.bars_n"]
    assert journal.rows[0].old["breakout.bars_n"] == 30 and journal.rows[0].new["breakout.bars_n"] == 20
    assert in_force(keeper) == ["Strict"]
    instantly(keeper.revert(journal.rows[0].id, "page"))
    assert keeper.settings.config.breakout == before
    assert [row.key for row in journal.rows] == ["set:Strict", "set:Strict", "breakout.bars_n"]
    assert [row.reverted for row in journal.rows] == [False, True, False]


def test_a_kept_set_is_there_after_a_restart(tmp_path):
    keeper, _, _ = keeper_on(tmp_path)
    instantly(keeper.change({"breakout.rel_volume": 3.0, "breakout.longs": False}, "page"))
    assert (
        instantly(keeper.use_set("keep", "  My   morning ", "page"))
        == "The thresholds in force are kept as My morning."
    )
    instantly(keeper.use_set("load", "Default", "page"))
    again, _, _ = keeper_on(tmp_path)
    assert names(again) == [*threshold_sets.BUILT_IN, "My morning"]
    instantly(again.use_set("load", "My morning", "page"))
    assert (again.settings.config.breakout.rel_volume, again.settings.config.breakout.longs) == (3.0, False)


def test_overwriting_and_deleting_come_back_without_touching_other_sets(tmp_path):
    keeper, journal, _ = keeper_on(tmp_path)
    instantly(keeper.use_set("keep", "One", "page"))
    instantly(keeper.change({"breakout.bars_n": 30}, "page"))
    instantly(keeper.use_set("keep", "one", "page"))  # the same name in another spelling
    assert names(keeper)[4:] == ["One"]
    overwritten = journal.rows[0]
    instantly(keeper.use_set("keep", "Two", "page"))
    instantly(keeper.use_set("delete", "One", "page"))
    deleted = journal.rows[0]
    assert names(keeper)[4:] == ["Two"]
    instantly(keeper.revert(deleted.id, "page"))
    assert names(keeper)[4:] == ["One", "Two"]
    instantly(keeper.revert(overwritten.id, "page"))
    assert keeper.settings.config.sets.saved["One"]["bars_n"] == 20
    assert names(keeper)[4:] == ["One", "Two"]


@pytest.mark.parametrize(
    ("action", "name", "said"),
    [
        ("load", "Nobody", "no set called"),
        ("shadow", "Nobody", "no set called"),
        ("delete", "Nobody", "no set called"),
        ("delete", "Strict", "built-in"),
        ("keep", "strict", "built-in"),
        ("keep", " ", "1 to 40"),
        ("keep", "x" * 41, "1 to 40"),
        ("keep", "a\x00b", "1 to 40"),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(tmp_path, action, name, said):
    keeper, journal, applied = keeper_on(tmp_path)
    with pytest.raises(ConfigError, match=said):
        instantly(keeper.use_set(action, name, "page"))
    assert (journal.rows, applied) == ([], [])


def test_sets_are_bounded(tmp_path):
    keeper, _, _ = keeper_on(tmp_path)
    for number in range(threshold_sets.SETS_MAX):
        instantly(keeper.use_set("keep", f"S{number}", "page"))
    instantly(keeper.use_set("keep", "S3", "page"))
    with pytest.raises(ConfigError, match="delete one"):
        instantly(keeper.use_set("keep", "one more", "page"))


def test_a_set_that_this_version_does_not_take_is_kept_and_says_why(tmp_path):
    values = {"sets.saved": {"Old": {"bars_n": 900}, "Good": {"bars_n": 30}}}
    (tmp_path / "settings.json").write_text(json.dumps({"format": 1, "values": values}), encoding="utf-8")
    keeper, _, applied = keeper_on(tmp_path)
    rows = {row.name: row for row in keeper.section().sets}
    assert "bars_n" in rows["Old"].problem and not rows["Good"].problem
    with pytest.raises(ConfigError, match="bars_n"):
        instantly(keeper.use_set("load", "Old", "page"))
    assert applied == [] and keeper.settings.config.breakout == BreakoutParams()


def test_a_locked_threshold_refuses_only_sets_that_differ_in_it(tmp_path):
    locked = Layer("command line", {"breakout.bars_n": 20}, {"breakout.bars_n": "command line --bars"})
    keeper, _, _ = keeper_on(tmp_path, locked)
    instantly(keeper.use_set("load", "Strict", "page"))
    with pytest.raises(ConfigError, match="fixed by command line"):
        instantly(keeper.use_set("load", "Loose", "page"))
    assert in_force(keeper) == ["Strict"]


def test_the_shadow_ends_with_its_set(tmp_path):
    keeper, journal, applied = keeper_on(tmp_path)
    instantly(keeper.use_set("keep", "Mine", "page"))
    assert instantly(keeper.use_set("shadow", "Mine", "page")) == "Mine runs in the shadow."
    assert threshold_sets.shadow_params(applied[-1]) == BreakoutParams()
    instantly(keeper.use_set("delete", "Mine", "page"))
    assert keeper.section().shadow == "" and threshold_sets.shadow_params(applied[-1]) is None
    assert [row.key for row in journal.rows[:2]] == ["sets.shadow", "sets.saved"]
