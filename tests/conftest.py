"""What every test room shares: hypothesis' settings, the way to the installed browser, no hanging end."""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from start import find_browser
from tests.examples import TIMES, USUAL

# Timing on a shared machine says nothing about the code; the same examples in every CI run.
settings.register_profile(
    "qtrade",
    max_examples=USUAL * TIMES,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("qtrade")

GOODBYE_S = 120.0
# With several workers a group goes to one of them. These need a core to keep the pace that they are judged by.
WHOLE_ENGINES = frozenset({
    "test_engine_chaos", "test_program", "test_scanners_simulator", "test_round_lots", "test_broker_simulator",
    "test_lines_simulator",
})  # fmt: skip


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a module makes once for its tests is made by one worker; the other groups are single tests."""
    for item in items:
        if item.path.stem in WHOLE_ENGINES:
            item.add_marker(pytest.mark.xdist_group("whole engine"))
        elif item.get_closest_marker("xdist_group") is None and _shares(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def _shares(item: pytest.Item) -> bool:
    """Whether the test uses a fixture that its module has only one of."""
    assert isinstance(item, pytest.Function)
    found = item._fixtureinfo.name2fixturedefs.values()
    return any(fixture.scope == "module" for fixtures in found for fixture in fixtures)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Take what the imports made out of the collector's sight: tests that collect on purpose take half the time."""
    _check_groups(session)
    gc.collect()
    gc.freeze()


def _check_groups(session: pytest.Session) -> None:
    """Raises where pytest and pytest-xdist don't suit each other: each worker would make each module's fixtures."""
    if not session.config.getoption("loadgroup", False):  # of a worker
        return
    alone = next((i for i in session.items if i.get_closest_marker("xdist_group") and "@" not in i.nodeid), None)
    if alone is not None:
        raise pytest.UsageError(
            f"{alone.nodeid} belongs to a group, but pytest-xdist did not mark it so: groups would be torn apart over "
            "the workers; install the versions of requirements-dev.txt"
        )


def pytest_sessionfinish() -> None:
    """After the last test: a thread that does not end shows its stack and is ended, rather than hold the run for ever.

    Never cancelled, because the process ought to be gone by then. Workers are ended by the process that began them.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        faulthandler.dump_traceback_later(GOODBYE_S, exit=True, file=sys.__stderr__)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Text with half signs (names of folders that are not UTF-8) can't travel from a worker: escape it."""
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_encodable(each) for each in value)
    return value


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Path of an installed Chrome, Edge or Chromium; a missing one fails the test, it is never skipped."""
    path = find_browser()
    assert path is not None, "no Chrome, Edge or Chromium found; run the tests by: python start.py test"
    return path


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of app.py."""
    return Path(__file__).resolve().parents[1]
