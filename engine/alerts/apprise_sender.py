"""Messages through Apprise: one object per address, in the thread of its channel. The only module that imports it.

Loading Apprise takes a second, so it happens with the first message. Its own log is kept to itself: at its debug level
stands why a service refused, and in some plug-ins the address. What is read there becomes one of a few words of ours.
"""

from __future__ import annotations

import importlib
import logging
import re
import threading
from typing import Any

from engine.alerts.kinds import RuleRefused
from engine.alerts.outbox import BODY_MOST, Message, Outcome

SEND_S = 25.0
PING_S = 8.0
LOG_BYTES = 65_536
TITLE_MARK = 4  # what Apprise sets between a title and the body that it becomes a part of, at most
TITLE = "QTrade"
# Their address is nothing but a place on the web: its path may be a secret, and Apprise shows it.
_PLAIN_WEB = ("json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises")
_STATUS = re.compile(r"error=(\d{3})|\((\d{3}), ?b?['\"]")
_UNSURE = re.compile(r"timed out|RemoteDisconnected|Connection aborted|reset by peer|unexpectedly closed", re.I)
_UNREACHED = re.compile(
    r"refused|NewConnectionError|ConnectTimeout|NameResolution|getaddrinfo|unreachable|No route", re.I
)
_NOT_FINAL = frozenset({408, 425, 429})

_loading = threading.Lock()


def _apprise() -> Any:
    """The library, loaded once, its log turned away from ours."""
    with _loading:
        quiet = logging.getLogger("apprise")
        if quiet.propagate:
            quiet.propagate = False
            quiet.setLevel(logging.DEBUG)
            quiet.addHandler(logging.NullHandler())
            for name in ("urllib3", "requests"):  # they write addresses into their words
                logging.getLogger(name).setLevel(logging.ERROR)
        return importlib.import_module("apprise")


def _service(url: str) -> tuple[Any, Any]:
    """Apprise and the one service that the address means. Raises RuleRefused."""
    library = _apprise()
    asset = library.AppriseAsset(
        http_redirects=False,
        secure_logging=True,
        storage_mode="memory",
        async_mode=False,
        default_service_retry=0,
        allow_templates=False,
        result_log_memory_size=LOG_BYTES,
    )
    asset.app_id = asset.app_desc = TITLE
    try:
        with _loading:  # the first time it reads a hundred plug-ins
            service = library.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    except Exception:
        service = None
    if service is None:
        raise RuleRefused(
            "This is no address that Apprise knows, e.g. mailtos://user:password@host:587?to=me@host,"
            " ntfys://topic, tgram://token/chat, slack://..., discord://..., json://host/path.",
            {"url": "url"},
        )
    service.redirects = False  # whatever the address says
    service.retry = 0
    if hasattr(service, "notify_format"):
        service.notify_format = library.NotifyFormat.TEXT
    return library, service


class AppriseSender:
    """`Sender` by Apprise. Any thread but the engine's."""

    def describe(self, url: str) -> tuple[str, str]:
        _library, service = _service(url)
        name = str(getattr(service, "service_name", "") or "Apprise")
        return name, shown(str(service.url(privacy=True)))

    def send(self, url: str, message: Message) -> Outcome:
        try:
            library, service = _service(url)
        except RuleRefused:
            return Outcome("rejected", "The address is none that Apprise knows")
        try:
            sender = library.Apprise(asset=service.asset)
            sender.add(service)
            result = sender.notify(
                title=message.title,
                body=message.body(room_of(service, len(message.title))),
                body_format=library.NotifyFormat.TEXT,
                notify_type=_type(library, message),
                timeout=SEND_S,
                log_level=logging.DEBUG,
            )
            said = " ".join(str(getattr(entry, "message", "")) for entry in result.logs())
            return judged(result.status.name, said)
        except Exception as error:  # a plug-in's bug: its words may hold the address
            return Outcome("uncertain", f"The service's plug-in failed ({type(error).__name__})")

    def ping(self, url: str) -> Outcome:
        requests = importlib.import_module("requests")
        _apprise()  # keeps urllib3 quiet
        try:
            with requests.get(
                url, timeout=PING_S, allow_redirects=False, headers={"User-Agent": TITLE}, stream=True
            ) as answer:  # what it sends is not read: it may have no end
                code = answer.status_code
        except Exception as error:
            return Outcome("failed", f"No answer ({type(error).__name__})")
        return Outcome("accepted" if 200 <= code < 300 else "failed", f"Answered {code}")


def room_of(service: Any, title_length: int) -> int:
    """Characters that a service takes of a message's body: of some the title is a part of it."""
    most = int(getattr(service, "body_maxlen", 0) or BODY_MOST)
    shares = getattr(service, "overflow_amalgamate_title", False) or not getattr(service, "title_maxlen", 1)
    return max(0, min(BODY_MOST, most - (title_length + TITLE_MARK if shares else 0)))


def _type(library: Any, message: Message) -> Any:
    kinds = library.NotifyType
    return {"urgent": kinds.FAILURE, "warning": kinds.WARNING}.get(message.severity, kinds.INFO)


def shown(private: str) -> str:
    """Apprise's address without secrets, made shorter: no query, and of plain web addresses no path."""
    head = private.partition("?")[0].rstrip("/")
    scheme, mark, rest = head.partition("://")
    if mark and scheme in _PLAIN_WEB:
        host, slash, _path = rest.partition("/")
        return f"{scheme}://{host}{'/…' if slash else ''}"
    return head


def judged(status: str, said: str) -> Outcome:
    """What Apprise's result and the words of its log come to, in words without secrets. Pure."""
    if status == "SUCCESS":
        return Outcome("accepted", "The service took it")
    if status == "TIMEOUT":
        return Outcome("uncertain", "No answer in time; it may have arrived")
    codes = [int(found[1] or found[2]) for found in _STATUS.finditer(said)]
    code = codes[-1] if codes else None
    if code is not None:
        return _by_code(code, is_mail="SMTP" in said or "Email" in said)
    if _UNREACHED.search(said):
        return Outcome("failed", "The service can't be reached")
    if _UNSURE.search(said):
        return Outcome("uncertain", "The connection broke while it was sent; it may have arrived")
    if status in ("NOMATCH", "PARTIAL"):
        return Outcome("uncertain", "Not all recipients took it")
    return Outcome("failed", "The service did not take it")


def _by_code(code: int, is_mail: bool) -> Outcome:
    """HTTP: 4xx is final but for "later" and "too often", a redirect is not followed. SMTP: 5xx is final."""
    if is_mail:
        return Outcome("rejected" if code >= 500 else "failed", f"The mail server refused it ({code})")
    if 300 <= code < 400:
        return Outcome("rejected", f"The service sends elsewhere ({code}), which is not followed")
    if 400 <= code < 500 and code not in _NOT_FINAL:
        return Outcome("rejected", f"The service refused it ({code})")
    return Outcome("failed", f"The service answered {code}")
