"""What QTrade is closed against (docs/security.md), point by point, and the tests of the default run that hold it.

One that is renamed, moved or marked as a longer one has to be named here anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"

HELD: dict[str, tuple[str, ...]] = {
    "listens on the loopback address alone, whatever the environment says": (
        "app/test_launcher.py::test_it_listens_on_loopback_only_whatever_the_environment_says",
    ),
    "another address needs a password": (
        "app/test_launcher.py::test_wrong_configuration_is_one_message_and_exit_2",
        "unit/launch/test_login_commands.py::test_another_address_needs_a_password",
        "unit/launch/test_login_commands.py::test_a_password_that_cannot_be_read_is_none",
    ),
    "answers to its own names alone": (
        "app/test_security.py::test_a_foreign_host_gets_400_everywhere",
        "app/test_login.py::test_a_foreign_host_is_refused_before_the_login",
    ),
    "changes nothing for a page of another site": (
        "app/test_security.py::test_another_sites_page_is_refused",
        "app/test_security.py::test_a_page_of_ours_is_answered",
        "app/test_login.py::test_another_sites_page_logs_nobody_in_or_out",
        "app/test_exports.py::test_the_door_is_shut_to_others",
        "app/test_statement_route.py::test_only_a_file_of_this_site_is_taken",
    ),
    "takes JSON of its own shape, up to 1 MB, and never answers with an error of the server": (
        "app/test_security.py::test_a_body_that_no_page_sends_gets_a_4xx_with_words",
        "app/test_security.py::test_no_body_makes_a_5xx",
        "app/test_security.py::test_a_refused_body_is_one_short_line_in_the_log",
        "app/test_web_server.py::test_a_larger_one_is_refused_by_its_announced_length",
        "app/test_web_server.py::test_half_open_connections_keep_nobody_out",
        "app/test_every_route.py::test_nothing_that_is_sent_makes_a_5xx",
    ),
    "has no debugger, no tools for developers, no MCP, and shows no traceback": (
        "app/test_addresses.py::test_an_unknown_path_answers_404_with_a_small_page",
        "app/test_security.py::test_an_error_of_ours_is_said_without_a_traceback",
        "app/test_log_route.py::test_no_answer_to_a_page_holds_a_trace_and_the_file_does",
    ),
    "sends headers that keep scripts, frames and caches out": (
        "app/test_security.py::test_headers_are_on_every_answer",
        "app/test_security.py::test_every_inline_script_of_the_page_is_in_the_policy",
        "app/test_security.py::test_the_policy_is_complete_before_the_first_request_of_all",
    ),
    # Every test in a browser fails by a request elsewhere and by a word of the policy in the console (its conftest).
    "is served by itself alone": (
        "browser/test_pages_live.py::test_text_from_outside_is_text",
        "browser/test_login.py::test_a_login_its_end_under_a_draft_and_a_log_out",
    ),
    "runs nothing that it reads": (
        "unit/test_architecture.py::test_the_house_keeps_its_arrows",
        "unit/state/test_disk.py::test_a_planted_pickle_is_refused_and_never_run",
        "unit/state/test_disk.py::test_planted_pickles_are_removed_and_said_when_the_folder_is_opened",
    ),
    "keeps its files for this user alone, in a folder that nobody synchronises": (
        "integration/test_program.py::test_from_start_to_end_on_the_simulated_gateway",
        "unit/launch/test_closing.py::test_what_is_ours_is_closed_and_what_is_not_is_left",
        "unit/launch/test_closing.py::test_a_planted_link_is_moved_and_its_target_untouched",
        "unit/launch/test_launch_parts.py::test_a_folder_of_another_user_is_refused",
        "unit/launch/test_launch_parts.py::test_a_folder_that_all_users_share_is_refused",
        "unit/launch/test_launch_parts.py::test_synced_folders_are_recognised",
    ),
    "can place no order": (
        "unit/test_architecture.py::test_the_house_keeps_its_arrows",
        "unit/broker/test_sent_kinds.py::test_no_message_about_orders_may_leave",
        "integration/test_program.py::test_from_start_to_end_on_the_simulated_gateway",
    ),
    "keeps no secret in state, log or sources": (
        "unit/test_security_points.py::test_no_secret_lies_among_the_sources",
        "integration/test_program.py::test_from_start_to_end_on_the_simulated_gateway",
        "unit/settings/test_store_urls.py::test_whatever_signs_a_password_has_it_is_gone",
        "unit/launch/test_backup.py::test_secrets_are_left_out_unless_they_are_asked_for",
    ),
    "shortens account ids in logs, reports and exports": (
        "unit/logs/test_logs.py::test_account_ids_are_nowhere_whole",
        "unit/logs/test_logs.py::test_an_account_id_never_survives",
        "app/test_log_route.py::test_it_is_filtered_and_no_account_leaves",
        "app/test_health_page.py::test_the_report_holds_everything_but_the_account",
        "app/test_metrics.py::test_no_account_symbol_or_address_is_in_it",
        "integration/test_program.py::test_from_start_to_end_on_the_simulated_gateway",
    ),
    "stores valid settings alone, and starts with any": (
        "unit/settings/test_poisoned.py::test_no_value_of_any_setting_stops_the_start",
        "unit/settings/test_poisoned.py::test_no_set_of_values_does",
        "unit/settings/test_poisoned.py::test_no_file_stops_the_start",
        "unit/storage/test_kept_files.py::test_the_last_change_outlives_damage",
    ),
    "limits how often it can be asked": (
        "app/test_security.py::test_changes_are_limited_and_told_when_to_try_again",
        "app/test_security.py::test_every_callback_of_the_program_has_a_kind",
        "app/test_security.py::test_a_route_that_nobody_named_has_a_limit_too",
    ),
    "takes the text of others for text": (
        "browser/test_pages_live.py::test_text_from_outside_is_text",
        "browser/test_desk.py::test_headlines_are_text_whatever_they_say",
        "app/test_exports.py::test_no_text_is_a_formula",
        "unit/logs/test_logs.py::test_no_text_makes_a_line_of_its_own_or_steers_a_terminal",
    ),
    "lets in with a password whom it knows, and nobody else": (
        "app/test_login.py::test_every_route_wants_a_login",
        "app/test_login.py::test_the_cookie_is_for_this_server_alone",
        "app/test_login.py::test_five_failures_lock_out_the_right_password_too",
        "app/test_login.py::test_a_token_reads_what_scripts_read_and_nothing_else",
        "unit/login/test_login_parts.py::test_a_file_that_cannot_be_read_is_a_problem_and_no_open_door",
        "browser/test_login.py::test_a_login_its_end_under_a_draft_and_a_log_out",
    ),
    "is made of listed files": (
        "unit/launch/test_pinned.py::test_every_line_of_the_lists_is_in_the_lock_with_its_version",
        "unit/launch/test_pinned.py::test_no_index_is_named_and_none_is_asked_for_code",
        "unit/test_start.py::test_a_file_with_another_hash_is_refused_in_words",
        "unit/launch/test_audit.py::test_a_fault_is_excused_for_its_package_and_its_list_alone",
    ),
    "says which build it is": (
        "app/test_launcher.py::test_the_version_is_that_of_the_sources",
        "integration/test_program.py::test_from_start_to_end_on_the_simulated_gateway",
    ),
    "says how TWS is closed": ("integration/test_program.py::test_without_tws_the_page_is_up_and_says_what_is_wrong",),
    "has a simulator that others can't steer and that stands beside no TWS": (
        "integration/test_simulator_control.py::test_without_the_token_there_is_nothing",
        "integration/test_program.py::test_from_the_simulator_to_tws_and_back_while_it_runs",
        "integration/test_program.py::test_without_tws_the_page_is_up_and_says_what_is_wrong",
    ),
}


@cache
def run_by_default(file: Path) -> frozenset[str]:
    """The functions that the default run takes out of a file."""
    found = ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else []
    return frozenset(
        each.name
        for each in found
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any("thorough" in ast.unparse(mark) for mark in each.decorator_list)
    )


@pytest.mark.parametrize("point", HELD)
def test_each_point_is_held(point: str) -> None:
    for held in HELD[point]:
        file, _, name = held.partition("::")
        assert name in run_by_default(TESTS / file), held


# The beginning of a secret, and what it is told from an example by.
SECRETS = {
    "-----BEGIN": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "AKIA": r"\bAKIA[0-9A-Z]{16}\b",
    "gh": r"\bgh[pousr]_[A-Za-z0-9]{36}",
    "xox": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "qtrade_": r"\bqtrade_[A-Za-z0-9_-]{43}\b",
    "$argon2id$": r"\$argon2id\$v=19\$m=65536,t=3,p=4\$\S+\$\S{40,}",
}
WRITTEN = frozenset({".py", ".mjs", ".js", ".css", ".md", ".yaml", ".toml", ".json", ".in", ".txt", ".csv", ".xml", ""})


def sources() -> Iterator[Path]:
    for name in ("app", "assets", "benchmarks", "docs", "engine", "simulator", "tests", ".ci"):
        yield from (path for path in (ROOT / name).rglob("*") if path.suffix in WRITTEN and path.is_file())
    yield from (path for path in ROOT.iterdir() if path.suffix in WRITTEN and path.is_file())


def secret(text: str) -> bool:
    return any(begin in text and re.search(whole, text) for begin, whole in SECRETS.items())


def test_no_secret_lies_among_the_sources() -> None:
    assert secret(f"token: qtrade_{'x' * 43}") and not secret("token: qtrade_...")
    found = [path for path in sources() if secret(path.read_text(encoding="utf-8", errors="replace"))]
    assert [path.relative_to(ROOT).as_posix() for path in found] == []
