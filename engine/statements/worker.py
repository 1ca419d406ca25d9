"""The importing process: `python -m engine.statements.worker`, a job on standard input, words and the report out.

One line of JSON each. The process ends with its parent's interest: it is killed to cancel, and has nothing to save.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
import traceback

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import QTradeError
from engine.journal.database import in_words
from engine.statements.importing import Job, run
from engine.statements.verdicts import Report

log = logging.getLogger("qtrade.statements")

NICE = 10
TELL_S = 0.25


class Told(msgspec.Struct, tag=True):
    """What is being done."""

    text: str


class Done(msgspec.Struct, tag=True):
    """The import has ended."""

    report: Report


class Failed(msgspec.Struct, tag=True):
    """It could not be done; the text is for the user."""

    text: str


Message = Told | Done | Failed
encode = msgspec.json.encode
decode: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def main() -> int:
    """One job. Standard output belongs to the messages: a stray print goes to the log."""
    gc.disable()  # hundreds of thousands of rows are looked through again and again, and the process ends with them
    if hasattr(os, "nice"):  # on Windows it is started at low priority
        os.nice(NICE)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    told_mono = 0.0

    def say(message: Message) -> None:
        outgoing.write(encode(message) + b"\n")
        outgoing.flush()

    def progress(text: str) -> None:
        nonlocal told_mono
        if time.monotonic() - told_mono > TELL_S:
            told_mono = time.monotonic()
            say(Told(text))

    try:
        say(Done(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job), progress)))
    except QTradeError as error:
        say(Failed(str(error)))
    except (OSError, SQLAlchemyError) as error:
        _log_failure(error)
        say(Failed(f"The journal or the file can't be used now: {in_words(error)}. Try again."))
    except Exception as error:
        _log_failure(error)
        say(Failed("The file could not be imported; statements.log in the log folder says why."))
    return 0


def _log_failure(error: Exception) -> None:
    """Where and what kind; an error's own words may be an amount of the statement."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("An import failed: %s\n%s", in_words(error), places.rstrip())


if __name__ == "__main__":
    raise SystemExit(main())
