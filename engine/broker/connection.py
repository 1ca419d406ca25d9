"""One TCP connection to TWS with a fresh client object: handshake, bounded requests, clean close.

Knows nothing of positions or lines. Engine loop only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from engine.broker import failures
from engine.broker.account_check import named_accounts, no_account
from engine.broker.asking import NamesWanted
from engine.broker.client import load_library, new_ib
from engine.broker.failures import Address, ConnectFailure
from engine.broker.pacing import Pacer
from engine.broker.timings import Timings
from engine.broker.unset import keep_unset
from engine.clock import Clock
from engine.codes import ADVISORY, rejection
from engine.errors import BrokerUnavailable, RequestRejected, RequestTimeout

log = logging.getLogger("qtrade.broker")

_CLOSE_LOOK_S = 0.005
_GREETING_MAX = 100


class Connection:
    """`lost` resolves with the failure once the connection is gone or can no longer be trusted."""

    def __init__(self, address: Address, pacer: Pacer, clock: Clock, timings: Timings) -> None:
        self.address = address
        self.library = load_library()
        self._timings = timings
        self._pacer = pacer
        self.ib = new_ib(pacer, clock, self._on_fatal)
        keep_unset(self.ib.client.decoder)
        self._library_takes_accounts = self.wrapper.managedAccounts
        self.wrapper.managedAccounts = self._on_accounts
        self._library_takes_time = self.wrapper.currentTime
        self.wrapper.currentTime = self._on_time
        self._unnamed: asyncio.TimerHandle | None = None
        self.lost: asyncio.Future[ConnectFailure] = asyncio.get_running_loop().create_future()
        self._opened = False
        self.names = NamesWanted()
        self.last_req_id = 0
        self.greeting: list[tuple[int, str]] = []  # notices before a session listens: TWS tells the farms at once
        self.ib.errorEvent += self._on_error
        self.ib.client.apiError += self._on_api_error
        self.ib.client.conn.disconnected += self._on_socket_closed

    @property
    def client(self) -> Any:
        return self.ib.client

    @property
    def wrapper(self) -> Any:
        return self.ib.wrapper

    @property
    def is_ready(self) -> bool:
        return bool(self.client.isReady()) and not self.lost.done()

    # --- opening and closing ----------------------------------------------------------------------------------

    async def open(self, first_req_id: int, on_accepted: Callable[[], None]) -> None:
        """Connect and shake hands; request numbers start at `first_req_id` or TWS' own. Raises ConnectFailure.

        `on_accepted` is called when the TCP connection stands.
        """
        address, make_tcp = self.address, self.client.conn.connectAsync

        async def make_tcp_and_tell(host: str, port: int) -> None:
            await make_tcp(host, port)
            on_accepted()

        self.client.conn.connectAsync = make_tcp_and_tell
        self._pacer.note_direct()
        attempt = asyncio.ensure_future(
            self.client.connectAsync(address.ip, address.port, address.client_id, self._timings.handshake_s)
        )
        try:
            await asyncio.wait({attempt, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not attempt.done():
                attempt.cancel()
        if self.lost.done():
            await asyncio.gather(attempt, return_exceptions=True)
            raise self.lost.result()
        try:
            attempt.result()
        except (OSError, TimeoutError, UnicodeError) as error:  # UnicodeError: a host name that can be none
            raise self._failure_of(error) from error
        self.wrapper.clientId = address.client_id
        self.client.updateReqId(first_req_id)
        self._pacer.all_answered()
        self._opened = True

    def _failure_of(self, error: BaseException) -> ConnectFailure:
        if isinstance(error, ConnectionRefusedError):
            return failures.refused(self.address)
        if isinstance(error, TimeoutError) and self.client.was_open:
            return failures.silent(self.address, self._timings.handshake_s)
        if isinstance(error, ConnectionError):
            return failures.closed_early(self.address)
        return failures.unreachable(self.address, str(error) or "no answer")

    async def close(self) -> None:
        """Disconnect and wait until the transport is really closed; every waiting request ends."""
        self._pacer.detach()
        self._lose(ConnectFailure("asked", "closed"))
        if self._unnamed is not None:
            self._unnamed.cancel()
        conn = self.client.conn
        if self.client.isReady():
            self.wrapper.connectionClosed()  # ends the waiting requests, which an asked-for disconnect does not
        self.client.disconnect()
        for _ in range(round(self._timings.close_wait_s / _CLOSE_LOOK_S)):
            if conn.transport is None:
                break
            await asyncio.sleep(_CLOSE_LOOK_S)
        if conn.transport is not None:  # the peer takes no bytes, or it was gone before the library knew of it
            conn.transport.abort()
            await asyncio.sleep(_CLOSE_LOOK_S)

    def on_message(self, message_id: int, handler: Callable[[list[str]], None]) -> None:
        """Decode this message ourselves: `handler` gets its fields, id first, in place of the library's decoder.

        What it raises is counted as undecodable.
        """
        self.client.decoder.handlers[message_id] = handler

    def note_lost(self, what: Sequence[str]) -> None:
        """Parts of one message that could not be decoded: counted once, and said."""
        if what:
            more = f", and {len(what) - 1} more" if len(what) > 1 else ""
            self.client.undecodable.note_part(f"{what[0]}{more}")

    def end_request(self, req_id: int, rows: Sequence[Any]) -> None:
        """The whole answer of a request of ours; one that nobody waits for any more is dropped."""
        if req_id in self.wrapper._futures:
            self.wrapper._results.pop(req_id, None)
            self.wrapper._endReq(req_id, rows)

    # --- requests ---------------------------------------------------------------------------------------------

    def next_req_id(self) -> int:
        """Raises BrokerUnavailable when the connection is gone."""
        if not self.is_ready:
            raise BrokerUnavailable("Not connected to TWS")
        self.last_req_id = int(self.client.getReqId())
        return self.last_req_id

    async def ask(
        self,
        what: str,
        key: Any,
        send: Callable[[], None],
        timeout_s: float,
        *,
        urgent: bool = False,
        container: Any = None,
        on_sent: Callable[[float], None] | None = None,
        end_grace_s: float | None = None,
    ) -> Any:
        """Send one request and wait for its End or answer, at most `timeout_s`.

        `end_grace_s`: rows that stopped coming for so long are taken without their End. Raises RequestTimeout,
        RequestRejected, BrokerUnavailable.
        """
        if not self.is_ready:
            raise BrokerUnavailable("Not connected to TWS")
        future = self.wrapper.startReq(key, container=container)
        try:
            with self.client.sending(urgent=urgent, key=("ask", key), on_sent=on_sent):
                send()
            if end_grace_s is None:
                answer = await asyncio.wait_for(future, timeout_s)
            else:
                answer = await self._rows_or_end(future, key, timeout_s, end_grace_s)
            self.note_answer(key)
            return answer
        except TimeoutError:
            self._pacer.withdraw(("ask", key))
            raise RequestTimeout(what, timeout_s) from None
        except ConnectionError:
            raise BrokerUnavailable(f"{what}: the connection to TWS went away") from None
        except self.library.wrapper.RequestError as error:
            self.wrapper._results.pop(key, None)
            raise rejection(error.code, error.message, error.reqId) from None
        except RequestRejected:
            self.wrapper._results.pop(key, None)
            raise
        finally:
            if self.wrapper._futures.get(key) is future:
                del self.wrapper._futures[key]

    async def _rows_or_end(self, future: asyncio.Future[Any], key: Any, timeout_s: float, grace_s: float) -> Any:
        """Rows that arrive later find their list still there, so that they are not reported as undecodable."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        count, grew_at = 0, loop.time()
        while not future.done():
            await asyncio.wait({future}, timeout=max(0.0, min(grace_s / 4.0, deadline - loop.time())))
            rows = self.wrapper._results.get(key) or ()
            if len(rows) != count:
                count, grew_at = len(rows), loop.time()
            now = loop.time()
            if not future.done() and ((count and now - grew_at >= grace_s) or now >= deadline):
                future.cancel()
                if not count:
                    raise TimeoutError
                return list(rows)
        return future.result()

    def count_row(self, req_id: int) -> None:
        """A row of a request's answer came that we decoded: its growth is what `ask` goes by."""
        rows = self.wrapper._results.get(req_id)
        if isinstance(rows, list):
            rows.append(None)

    def fail_request(self, req_id: int, error: RequestRejected) -> bool:
        """End a waiting request with an error that the library takes for a warning. False when none waits."""
        if req_id not in self.wrapper._futures:
            return False
        self.wrapper._endReq(req_id, error, success=False)
        return True

    def note_answer(self, key: object) -> None:
        """Something came that bears this request's number: TWS has read it."""
        if isinstance(key, int):
            self._pacer.answered(key)

    @property
    def times_asked(self) -> int:
        """Questions for the time that have left and have no answer yet, the pacer's own included."""
        return self._pacer.echoes_out

    # --- endings ----------------------------------------------------------------------------------------------

    def lose(self, kind: failures.FailureKind, reason: str, cure: str = "", new_port: int | None = None) -> None:
        """Give this connection up."""
        self._lose(ConnectFailure(kind, reason, cure, new_port))

    def _lose(self, failure: ConnectFailure) -> None:
        if not self.lost.done():
            self.lost.set_result(failure)

    def _on_fatal(self, reason: str) -> None:
        if self._opened:
            self.lose("dropped", f"The connection to TWS was given up: {reason}")
        else:
            self._lose(failures.foreign(self.address, reason))

    def _on_error(self, req_id: int, code: int, text: str, contract: Any) -> None:
        if code == 326:
            self._lose(failures.client_id_busy(self.address))
        elif req_id < 0 and not self._opened:
            self.greeting = [*self.greeting, (code, text)][-_GREETING_MAX:]
        elif code not in ADVISORY and req_id in self.wrapper._futures:
            self.fail_request(req_id, rejection(code, text, req_id))

    def _on_accounts(self, names: str) -> None:
        """The library waits for ever for an account where the list has none; TWS may still name some in a moment."""
        self._library_takes_accounts(names)
        if self._unnamed is not None:
            self._unnamed.cancel()
        if not self._opened and not named_accounts(names.split(",")):
            self._unnamed = asyncio.get_running_loop().call_later(
                self._timings.end_grace_s, lambda: self._lose(no_account())
            )

    def _on_time(self, time: int) -> None:
        self._pacer.echoed()
        self._library_takes_time(time)

    def _on_api_error(self, text: str) -> None:
        if not self._opened and "version" in text:
            self._lose(failures.outdated(self.address, text))

    def _on_socket_closed(self, text: str) -> None:
        if self.client.closed_by_us:
            return
        if self._opened:
            self.lose("dropped", f"TWS closed the connection ({text})" if text else "TWS closed the connection")
        else:
            self._lose(failures.closed_early(self.address))
