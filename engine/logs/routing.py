"""Where log records go: a rotating file with everything, a console for people, a ring for the health page.

ARCHITECTURE rule 13: the console shows one plain ASCII line a record, repeats folded, never a traceback, neither
ours nor a library's; tracebacks are in the file. Account ids are shortened everywhere.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from engine.logs.redaction import redact
from engine.storage.encodable import encodable
from engine.storage.places import free_for_file, make_folder

FILE_NAME = "qtrade.log"
FILE_BYTES = 10 * 1024 * 1024
FILE_COUNT = 10
RING_LINES = 500

# ib_insync logs every position and portfolio update at INFO and raw frames at DEBUG.
LIBRARY_LEVELS = {
    "alembic": logging.WARNING,
    "ib_insync": logging.WARNING,
    "ib_async": logging.WARNING,
    "eventkit": logging.WARNING,
    "asyncio": logging.WARNING,
    "waitress": logging.WARNING,
    "werkzeug": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "urllib3": logging.WARNING,
}
FILE_ONLY = frozenset({"py.warnings"})
_PLAIN = str.maketrans({"–": "-", "—": "-", "−": "-", "…": "...", "’": "'", "“": '"', "”": '"', "×": "x", "→": "->"})
_DIGITS = re.compile(r"\d+")

log = logging.getLogger("qtrade.logs")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record as the health page shows it. `at_wall` is UTC epoch seconds; `text` is redacted, one line."""

    at_wall: float
    level: str
    logger: str
    text: str


class _Ring(logging.Handler):
    """The last lines and the error counts of this process; bounded."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[LogLine] = deque(maxlen=RING_LINES)
        self.errors: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(LogLine(record.created, record.levelname, record.name, one_line(record)))
        if record.levelno >= logging.ERROR:
            self.errors[record.name] += 1


class _FileFormatter(logging.Formatter):
    """UTC times, tracebacks included, account ids shortened."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        utc = time.gmtime(record.created)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', utc)}.{int(record.msecs):03d}Z"

    def format(self, record: logging.LogRecord) -> str:
        return encodable(redact(super().format(record)))


class _File(RotatingFileHandler):
    """A full disk must not print tracebacks on the console nor stop anything: the line is lost."""

    def handleError(self, record: logging.LogRecord) -> None:
        _ring.errors["log file"] += 1


class _Console(logging.StreamHandler[TextIO]):
    """Plain ASCII, one line a record, repeats folded."""

    def __init__(self, stream: TextIO, clock_mono: Callable[[], float]) -> None:
        super().__init__(stream)
        self._clock = clock_mono
        self._folder = RepeatFolder()

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name not in FILE_ONLY and bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        text = one_line(record)
        folded = self._folder.admit(_fold_key(record, text), self._clock())
        if folded is None:
            return
        more = f" ({folded} more like this)" if folded else ""
        stamp = time.strftime("%H:%M:%S", time.localtime(record.created))
        try:
            self.stream.write(plain(f"{stamp} {record.levelname:<7} {text}{more}") + "\n")
            self.flush()
        except (OSError, ValueError):
            return  # the console is gone (window closed, pipe broken); the file has the record


def one_line(record: logging.LogRecord) -> str:
    """Message, with the kind of an exception but without its traceback; redacted."""
    text = " ".join(record.getMessage().split())
    if record.exc_info and record.exc_info[0] is not None:
        kind, error = record.exc_info[0].__name__, " ".join(str(record.exc_info[1]).split())
        text = f"{text}: {kind}: {error}" if error else f"{text}: {kind}"
        text += " (details in the log file)"
    return encodable(redact(text))


def plain(text: str) -> str:
    """ASCII only: a console in an old code page shows it as it is."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode("ascii")


def _fold_key(record: logging.LogRecord, text: str) -> str:
    # A library's lines often differ in a request id only; ours differ on purpose.
    ours = record.name.startswith(("qtrade", "engine", "app"))
    return f"{record.name}|{record.levelno}|{text if ours else _DIGITS.sub('#', text)}"


_ring = _Ring()


def recent_lines(limit: int = 200) -> tuple[LogLine, ...]:
    """The newest `limit` lines of this process, oldest first. Any thread."""
    with _lock_of(_ring):
        lines = tuple(_ring.lines)
    return lines[-limit:] if limit > 0 else ()


def error_counts() -> dict[str, int]:
    """Records of level ERROR and above since the start, by logger. Any thread."""
    with _lock_of(_ring):
        return dict(_ring.errors)


def _lock_of(handler: logging.Handler) -> Any:
    assert handler.lock is not None
    return handler.lock


class LogRouting:
    """Everything that `route_logs` changed, so that `close` can put it back (tests, a second start)."""

    def __init__(self, handlers: list[logging.Handler], file: Path | None) -> None:
        self.file = file
        self._handlers = handlers
        self._root_level = logging.getLogger().level
        self._hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)

    def close(self) -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks
        logging.captureWarnings(False)
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            if handler is not _ring:
                handler.close()
        root.setLevel(self._root_level)


def route_logs(
    log_dir: Path | None,
    level: str = "INFO",
    *,
    console: TextIO | None = None,
    clock_mono: Callable[[], float] = time.monotonic,
) -> LogRouting:
    """Send all records to their places. `log_dir` None = no file; `console` None = standard output."""
    out = _Console(console if console is not None else sys.stdout, clock_mono)
    out.setLevel(level)
    handlers: list[logging.Handler] = [out, _ring]
    file = None
    if log_dir is not None:
        make_folder(log_dir)
        file = log_dir / FILE_NAME
        free_for_file(file)
        handlers.append(_file_handler(file))
    routing = LogRouting(handlers, file)
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if level == "DEBUG" else logging.INFO)
    for handler in handlers:
        root.addHandler(handler)
    for name, at_least in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(at_least)
    logging.captureWarnings(True)
    sys.excepthook, threading.excepthook, sys.unraisablehook = _on_exception, _on_thread, _on_unraisable
    return routing


def _file_handler(file: Path) -> logging.Handler:
    handler = _File(
        file, maxBytes=FILE_BYTES, backupCount=FILE_COUNT - 1, encoding="utf-8", delay=True, errors="backslashreplace"
    )
    handler.setFormatter(_FileFormatter("%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"))
    return handler


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("unexpected error", exc_info=(kind, error, trace))


def _on_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread else "?"
        log.error("thread %s died", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _on_unraisable(args: Any) -> None:  # the type exists for type checkers only
    if args.exc_value is not None:
        info = (args.exc_type, args.exc_value, args.exc_traceback)
        log.error("error that nobody could catch, in %r", args.object, exc_info=info)


def on_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For `loop.set_exception_handler`: what asyncio would print goes to the log file."""
    error = context.get("exception")
    info = (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None
    log.error("event loop: %s", context.get("message", "unknown error"), exc_info=info)


WINDOW_S = 60.0
REMEMBERED = 256


@dataclass(slots=True)
class _Seen:
    shown_at: float
    folded: int = 0


class RepeatFolder:
    """Decides whether a line is shown. Remembers the last 256 different ones."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def admit(self, key: str, now_mono: float) -> int | None:
        """None = a repeat within the window, don't show; else show, with the number folded since it was shown."""
        seen = self._seen.get(key)
        if seen is None:
            self._remember(key, now_mono)
            return 0
        self._seen.move_to_end(key)
        if now_mono - seen.shown_at < self._window_s:
            seen.folded += 1
            return None
        folded, seen.shown_at, seen.folded = seen.folded, now_mono, 0
        return folded

    def _remember(self, key: str, now_mono: float) -> None:
        self._seen[key] = _Seen(now_mono)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
