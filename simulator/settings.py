"""What the gateway can be told from the command line; all durations are wall seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VolumeUnit = Literal["lots", "shares", "mixed"]  # mixed: volumes of the live stream in lots, all else in shares


@dataclass(slots=True)
class GatewaySettings:
    """Mutable: the control port may change the limits and the volume unit while it runs."""

    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    account: str = "DU1234567"
    seed: int = 1
    line_limit: int = 100
    volume_unit: VolumeUnit = "lots"
    round_lots: dict[int, int] = field(default_factory=dict)  # con_id -> shares a lot, where not by its price
    message_limit: int = 50
    history_pacing: bool = True
    scanner_slots: int = 10
    scan_first_s: float = 1.5
    scan_interval_s: float = 30.0
    account_interval_s: float = 10.0
    account_reset_s: float | None = None  # after midnight New York: when all days begin; None = each contract's own
    ledger_prefix: bool = False  # "$LEDGER-" before the keys of each currency, as TWS 10.47 writes them
    trade_every_s: float = 0.0  # market seconds between two trades that happen by themselves; 0 = none do
    news: bool = True  # the account has news providers for the API
    net_liquidation_base: bool = False  # NetLiquidation under BASE, too
    snapshot_timeout_s: float = 11.0
    history_delay_s: float = 0.08
    write_bound_bytes: int = 4 << 20
