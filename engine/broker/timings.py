"""Every duration of the session in one value, so that tests can shorten them; defaults after BROKER.md section 26."""

from __future__ import annotations

from msgspec import Struct


class Timings(Struct, frozen=True):
    """Seconds throughout."""

    handshake_s: float = 10.0  # for the TCP connection, and again for account and first id
    positions_s: float = 3.0  # for the End of the positions
    start_up_s: float = 4.5  # from the handshake to Connected at the latest, details of positions included
    details_s: float = 15.0
    end_grace_s: float = 2.0  # rows came, their End did not
    probe_every_s: float = 8.0
    probe_timeout_s: float = 10.0
    silence_s: float = 20.0  # no decoded message while lines are open
    dead_feed_s: float = 55.0  # no quote on any line that should tick
    feed_reconnect_s: float = 30.0  # after that was seen: asking again for the lines has not helped
    feed_again_s: float = 300.0  # between two such reconnects
    retry_refused_s: float = 3.0
    retry_silent_s: tuple[float, ...] = (5.0, 10.0, 20.0, 30.0)
    retry_busy_s: tuple[float, ...] = (5.0, 10.0)  # so that we are back within 10 s of the id's release
    own_id_every_s: float = 8.0  # under another client id: looks whether the own one is free
    own_id_soon_s: float = 120.0  # so long after the connect; later
    own_id_later_s: float = 60.0
    own_id_release_s: float = 2.0  # for TWS to let go of the id that the look itself has used
    retry_mismatch_s: float = 30.0
    after_drop_s: float = 1.0
    close_wait_s: float = 0.4  # for the transport to close by itself, then it is aborted
    recheck_details_s: float = 30.0
    recheck_values_s: float = 15.0  # values of an account that TWS has not sent
    executions_every_s: float = 60.0
    cancel_memory_s: float = 60.0
    undecodable_per_minute: int = 20
