"""The one seam to the client library: ib_insync (Python 3.11-3.13) or its living fork ib_async (from 3.14).

They never share an environment. The import happens late, inside the engine thread, after its event loop is set: the
library's event package binds the loop at import.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any

from engine.broker.decoding import mend
from engine.broker.fast_ticks import quicken
from engine.broker.paced_client import paced_client_class
from engine.broker.pacing import Pacer
from engine.clock import Clock
from engine.errors import ConfigError

LIBRARIES = ("ib_insync", "ib_async")


@functools.cache
def load_library() -> ModuleType:
    """The installed client library. Raises ConfigError when there is none."""
    for name in LIBRARIES:
        if importlib.util.find_spec(name) is not None:
            logging.getLogger(name).setLevel(logging.WARNING)
            return importlib.import_module(name)
    raise ConfigError(
        "This Python environment has neither ib_insync nor ib_async; one of them is needed. Run: python start.py"
    )


def new_ib(pacer: Pacer, clock: Clock, on_fatal: Callable[[str], None]) -> Any:
    """A fresh IB object whose client sends through the pacer. One per connection: old state never comes along.

    `on_fatal(reason)` is told when the stream can no longer be trusted.
    """
    library = load_library()
    ib = library.IB()
    ib.RaiseRequestErrors = True
    ib.errorEvent -= ib._onError  # it would request the account summary at each 1102
    ib.client.apiEnd -= ib.disconnectedEvent
    ib.client = paced_client_class(library.client.Client)(ib.wrapper, pacer, clock, on_fatal)
    ib.client.apiEnd += ib.disconnectedEvent
    mend(ib.client.decoder, ib.wrapper, library)
    ib.client.is_quick = quicken(ib.client.decoder, ib.wrapper, library)
    return ib


def new_ticker(ib: Any, req_id: int, contract: Any) -> Any:
    """A ticker of its own for this request, whatever else the library keeps for an equal contract.

    The library would reuse one ticker (with its old prices) per contract and never forget it.
    """
    ticker = ib.wrapper.reqId2Ticker[req_id] = loose_ticker(ib, contract)
    return ticker


def loose_ticker(ib: Any, contract: Any) -> Any:
    """A ticker of no request."""
    library = load_library()
    if library.__name__ == "ib_async":
        return library.Ticker(contract=contract, defaults=ib.wrapper.defaults)
    return library.Ticker(contract=contract)


def turn_ticks(ib: Any, req_id: int, ticker: Any) -> None:
    """What comes of this request from now on goes to that ticker."""
    ib.wrapper.reqId2Ticker[req_id] = ticker


def forget_ticker(ib: Any, req_id: int) -> None:
    ib.wrapper.reqId2Ticker.pop(req_id, None)
