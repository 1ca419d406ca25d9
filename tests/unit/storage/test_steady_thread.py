"""The thread under journal and state writer goes on whatever its step raises; each error has the cure that helps."""

import errno
import sqlite3
import threading

import pytest
from diskcache import Timeout
from sqlalchemy.exc import DBAPIError

from engine.errors import StateError
from engine.storage.problems import cure_of
from engine.storage.steady_thread import SteadyThread
from tests.patience import DEADLINE_S


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit])
def test_a_step_that_raises_is_taken_again_and_the_problem_is_said_until_it_succeeds(error, caplog):
    calls, went_well, seen = [], threading.Event(), []

    def step():
        calls.append(1)
        if len(calls) == 1:
            raise error("planted")
        seen.append(thread.problem)
        went_well.set()

    thread = SteadyThread("worker", step, 0.01)
    thread.start()
    assert went_well.wait(DEADLINE_S)
    assert thread.stop(DEADLINE_S)
    assert seen[0].startswith(error.__name__) and (thread.failures, thread.problem) == (1, "")
    assert "worker failed" in caplog.text and "works again" in caplog.text


def test_it_takes_a_last_step_when_it_is_stopped_and_then_closes():
    done = []
    thread = SteadyThread("worker", lambda: done.append("step"), 3_600.0, lambda: done.append("closed"))
    thread.start()
    assert thread.stop(DEADLINE_S)
    assert done[-2:] == ["step", "closed"]


def _sqlite(code):
    error = sqlite3.OperationalError("planted")
    error.sqlite_errorcode = code
    return error


def _replaced(error, by, *, said=True):
    """`error` as it is caught where it was raised in the place of `by`, from it or from None."""
    try:
        try:
            raise by
        except Exception as cause:
            raise error from (cause if said else None)
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "full"), "Free space"),
        (_sqlite(13), "Free space"),
        (PermissionError(errno.EACCES, "no"), "rights"),
        (_sqlite(8), "rights"),
        (_sqlite(5), "Close the program"),
        (_sqlite(11), "damaged file is kept"),
        (_sqlite(26), "damaged file is kept"),
        (RuntimeError("bug"), "report it"),
        (_replaced(StateError("can't be stored"), _sqlite(13)), "Free space"),
        (_replaced(Timeout(), _sqlite(5), said=False), "Close the program"),
        (_replaced(DBAPIError(None, None, _sqlite(8)), RuntimeError()), "rights"),
    ],
)
def test_each_kind_of_error_has_the_cure_that_helps(error, words):
    assert words in cure_of(error)
