"""A mail server and a web hook on this machine, which can be away, slow or unwilling."""

from __future__ import annotations

import json
import socket
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


class _Mailbox:
    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("2"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            body = mail.get_body(("plain",))
            self.mails.append((mail["subject"], body.get_content() if body is not None else ""))
        return self.answer


class MailServer:
    """`mails` = (subject, text); `answer` to each message."""

    def __init__(self, port: int = 0) -> None:
        self._box = _Mailbox()
        self._controller = Controller(self._box, hostname="127.0.0.1", port=port or free_port())
        self._controller.start()
        self.port = self._controller.port

    @property
    def mails(self) -> list[tuple[str, str]]:
        return self._box.mails

    def refuse(self, answer: str) -> None:
        self._box.answer = answer

    def stop(self) -> None:
        self._controller.stop()


class Hook:
    """`posts` = what came, as JSON; `status` of each answer, `wait` = an event that each answer waits for."""

    def __init__(self, port: int = 0) -> None:
        self.posts: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.location = ""
        self.wait: threading.Event | None = None
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                hook.paths.append(self.path)
                hook.posts.append(json.loads(body))
                self._answer()

            def do_GET(self) -> None:
                hook.paths.append(self.path)
                self._answer()

            def _answer(self) -> None:
                if hook.wait is not None:
                    hook.wait.wait(30.0)
                self.send_response(hook.status)
                if hook.location:
                    self.send_header("Location", hook.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
