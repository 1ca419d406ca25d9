"""Waitress on the launcher's own socket, in a thread, so that the main thread can wait for the end."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

from waitress.server import create_server

THREADS = 8

log = logging.getLogger("qtrade.web")


class WebServer:
    """Serves one WSGI application from `start` until `stop`."""

    def __init__(self, wsgi: Any, listener: socket.socket) -> None:
        self._server = create_server(
            wsgi,
            sockets=[listener],
            threads=THREADS,
            asyncore_use_poll=True,  # select() ends at 1024 descriptors
            ident=None,
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=True,
            # The application refuses large bodies with a 413; waitress would reset the connection.
            max_request_body_size=2**30,
        )
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Requests that came since the socket was opened are answered now."""
        self._thread.start()

    def stop(self, timeout_s: int = 1) -> None:
        """Stop listening and end the worker threads; answers under way get `timeout_s`."""
        self._stopping = True
        self._server.task_dispatcher.shutdown(timeout=timeout_s)
        self._server.close()

    def _serve(self) -> None:
        try:
            self._server.run()
        except OSError:
            if not self._stopping:  # closing the socket under the loop's poll is how it ends
                log.exception("the web server stopped")
