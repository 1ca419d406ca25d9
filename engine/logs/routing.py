"""Where log records go: rotating files with everything, one for people and one for programs, a console, a ring for the
health page.

ARCHITECTURE rule 13: the console shows one plain ASCII line a record, repeats folded, never a traceback, neither
ours nor a library's; tracebacks are in the file, a storm of them folded as well. Account ids are shortened everywhere.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from engine.clock import in_zone
from engine.logs.folding import RepeatFolder, Storm
from engine.logs.redaction import redact
from engine.storage.encodable import printable, to_json
from engine.storage.places import free_for_file, make_folder
from engine.storage.private import open_regular

FILE_NAME = "qtrade.log"
JSON_NAME = "qtrade.jsonl"
FILE_BYTES = 10 * 1024 * 1024
FILE_COUNT, JSON_COUNT = 10, 3
RING_LINES = 500

# ib_insync logs every position and portfolio update at INFO and raw frames at DEBUG.
LIBRARY_LEVELS = {
    "alembic": logging.WARNING,
    "requests": logging.WARNING,
    "ib_insync": logging.WARNING,
    "ib_async": logging.WARNING,
    "eventkit": logging.WARNING,
    "asyncio": logging.WARNING,
    "waitress": logging.WARNING,
    "werkzeug": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "urllib3": logging.WARNING,
}
LONG_QUEUE = 32  # requests that wait for one of the web server's threads: fewer are a page that asks for its files
FILE_ONLY = frozenset({"py.warnings"})
MESSAGE_MOST = 2_000  # characters of one record; some errors bear the values that they failed at
TRACE_LINES_MOST, TRACE_LINE_MOST = 120, 300
_INDENT = "    "
_PLAIN = str.maketrans({"–": "-", "—": "-", "−": "-", "…": "...", "’": "'", "“": '"', "”": '"', "×": "x", "→": "->"})
_DIGITS = re.compile(r"\d+")

log = logging.getLogger("qtrade.logs")


def is_long_queue(record: logging.LogRecord) -> bool:
    """Waitress warns of each request that waits for a thread, be it for a millisecond."""
    depth = record.args[0] if isinstance(record.args, tuple) and record.args else None
    return not isinstance(depth, int) or depth >= LONG_QUEUE


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record as the health page shows it. `at_wall` is UTC epoch seconds; `text` is redacted, one line."""

    at_wall: float
    level: str
    logger: str
    text: str


class _Ring(logging.Handler):
    """The last lines and the error counts of this process; bounded. Errors that are left out count."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[LogLine] = deque(maxlen=RING_LINES)
        self.errors: Counter[str] = Counter()
        self.storm = Storm(time.monotonic)

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.errors[record.name] += 1
        left_out = self.storm.admit(record)
        if left_out is not None:
            text = one_line(record) + _more(left_out)
            self.lines.append(LogLine(record.created, record.levelname, record.name, text))


class _FileFormatter(logging.Formatter):
    """UTC times, tracebacks included, account ids shortened. A record is one line, what belongs to it is indented:
    whatever a text holds, no line of the file that begins with a time is of somebody else's making."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        utc = time.gmtime(record.created)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', utc)}.{int(record.msecs):03d}Z"

    def format(self, record: logging.LogRecord) -> str:
        """Nothing is taken from the record that another formatter has put there."""
        thread = printable(record.threadName or "")
        message = clean(record.getMessage(), MESSAGE_MOST)
        lines = [f"{self.formatTime(record)} {record.levelname} {record.name} [{thread}] {message}"]
        if record.exc_info and record.exc_info[0] is not None:
            lines += self.formatException(record.exc_info).splitlines()
        if record.stack_info:
            lines += record.stack_info.splitlines()
        return ("\n" + _INDENT).join([lines[0], *map(_trace_line, _shortened(lines[1:]))])


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, for programs: the same record, as clean as the readable one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": round(record.created, 3),
            "level": record.levelname,
            "logger": record.name,
            "thread": printable(record.threadName or ""),
            "text": clean(record.getMessage(), MESSAGE_MOST),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["trace"] = [*map(_trace_line, _shortened(self.formatException(record.exc_info).splitlines()))]
        return to_json(line).decode()


def _shortened(lines: list[str]) -> list[str]:
    half = TRACE_LINES_MOST // 2
    return (
        lines if len(lines) <= 2 * half else [*lines[:half], f"... {len(lines) - 2 * half} lines ...", *lines[-half:]]
    )


def _trace_line(line: str) -> str:
    return clean(line, TRACE_LINE_MOST, keep="\t")


class _File(RotatingFileHandler):
    """A full disk must not print tracebacks on the console nor stop anything: the line is lost."""

    def __init__(self, file: Path, clock_mono: Callable[[], float], count: int) -> None:
        super().__init__(
            file, maxBytes=FILE_BYTES, backupCount=count - 1, encoding="utf-8", delay=True,
            errors="backslashreplace",
        )  # fmt: skip
        self._storm = Storm(clock_mono)

    def emit(self, record: logging.LogRecord) -> None:
        left_out = self._storm.admit(record)
        if left_out is None:
            return
        if left_out:
            record = logging.makeLogRecord(
                {**record.__dict__, "msg": record.getMessage() + _more(left_out), "args": ()}
            )
        super().emit(record)

    def _open(self) -> Any:
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=open_regular)

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
        stamp = time.strftime("%H:%M:%S", time.localtime(record.created))
        try:
            self.stream.write(plain(f"{stamp} {record.levelname:<7} {text}{_more(folded)}") + "\n")
            self.flush()
        except (OSError, ValueError):
            return  # the console is gone (window closed, pipe broken); the file has the record


def _more(left_out: int) -> str:
    return f" ({left_out} more like this)" if left_out else ""


def one_line(record: logging.LogRecord) -> str:
    """Message, with the kind of an exception but without its traceback; redacted, nothing in it steers a terminal."""
    text = " ".join(record.getMessage()[: 2 * MESSAGE_MOST].split())
    if record.exc_info and record.exc_info[0] is not None:
        kind, error = record.exc_info[0].__name__, " ".join(str(record.exc_info[1])[: 2 * MESSAGE_MOST].split())
        text = f"{text}: {kind}: {error}" if error else f"{text}: {kind}"
        text += " (details in the log file)"
    return clean(text, MESSAGE_MOST)


def clean(text: str, most: int, keep: str = "") -> str:
    """Redacted, printable (but for the signs in `keep`), and no more than about `most` characters."""
    if len(text) > most:
        text = f"{text[:most]}... ({len(text):,} characters)"
    return printable(redact(in_zone(text)), keep)


def plain(text: str) -> str:
    """What a console is told, any number of lines: ASCII only, as an old code page shows it; redacted."""
    text = printable(redact(in_zone(text)), keep="\n")
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
        handlers.append(_file_handler(file, clock_mono, FILE_COUNT, _FileFormatter()))
        handlers.append(_file_handler(log_dir / JSON_NAME, clock_mono, JSON_COUNT, _JsonFormatter()))
    routing = LogRouting(handlers, file)
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if level == "DEBUG" else logging.INFO)
    for handler in handlers:
        root.addHandler(handler)
    for name, at_least in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(at_least)
    logging.getLogger("waitress.queue").addFilter(is_long_queue)  # the same one again is added once
    logging.captureWarnings(True)
    sys.excepthook, threading.excepthook, sys.unraisablehook = _on_exception, _on_thread, _on_unraisable
    return routing


def _file_handler(
    file: Path, clock_mono: Callable[[], float], count: int, formatter: logging.Formatter
) -> logging.Handler:
    free_for_file(file)
    handler = _File(file, clock_mono, count)
    handler.setFormatter(formatter)
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
