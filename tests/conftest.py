"""What every test room shares: hypothesis' settings and the way to the installed browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from start import find_browser

# Timing on a shared machine says nothing about the code; the same examples in every CI run.
settings.register_profile(
    "qtrade",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("qtrade")


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
