"""The least that reads the same stream: ib_insync alone, `pendingTickersEvent` with an empty handler.

A process of its own. Standard input: one JSON line {"port", "con_ids"}, then "look" as often as wanted; each look is
answered by {"cpu_s", "updates", "messages"} since the start. Ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any

GENERIC = "165,233"


class Counted:
    """Updates and messages seen; the handler proper does nothing else."""

    def __init__(self) -> None:
        self.updates = 0
        self.messages = 0


async def talk(ib: Any, library: Any, counted: Counted) -> None:
    loop = asyncio.get_running_loop()
    request = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    await ib.connectAsync("127.0.0.1", request["port"], clientId=77, readonly=True, timeout=20)
    for con_id, sec_type, exchange in request["contracts"]:
        contract = library.Contract(conId=con_id, secType=sec_type, exchange=exchange, currency="USD")
        ib.reqMktData(contract, GENERIC if sec_type == "STK" else "233")
        await asyncio.sleep(0.03)

    def on_tickers(tickers: Any) -> None:
        counted.updates += len(tickers)

    ib.pendingTickersEvent += on_tickers
    print(json.dumps({"ready": True}), flush=True)
    # The looks come through a thread, so that waiting costs the loop nothing.
    ended = asyncio.Event()
    threading.Thread(target=_looks, args=(loop, counted, ended), daemon=True).start()
    await ended.wait()
    ib.disconnect()


def _looks(loop: asyncio.AbstractEventLoop, counted: Counted, ended: asyncio.Event) -> None:
    for _ in sys.stdin:
        loop.call_soon_threadsafe(_answer, counted)
    loop.call_soon_threadsafe(ended.set)


def _answer(counted: Counted) -> None:
    print(json.dumps({"cpu_s": time.thread_time(), "updates": counted.updates}), flush=True)


def main() -> int:
    asyncio.set_event_loop(asyncio.new_event_loop())
    try:
        import ib_insync as library
    except ImportError:
        import ib_async as library  # type: ignore[no-redef]
    loop = asyncio.get_event_loop()
    loop.run_until_complete(talk(library.IB(), library, Counted()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
