"""`docs/metrics.md`, made of the catalogue.

    python -m app.metrics.document          writes it anew
A test compares the file with what would be written.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from app.metrics.catalogue import CATALOGUE, Spec

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
_HEAD: Final = """# Metrics

`GET /metrics` answers in Prometheus' format (text, or OpenMetrics where the scraper asks for it). The tables are made
by `python -m app.metrics.document`; [grafana/qtrade.json](grafana/qtrade.json) is a dashboard to import, which asks for
the data source.

```yaml
# prometheus.yml
scrape_configs:
  - job_name: qtrade
    authorization:
      credentials_file: /etc/prometheus/qtrade-token   # where there is a password: python app.py --new-token prometheus
    static_configs:
      - targets: ["127.0.0.1:8052"]
```

A scrape costs the engine nothing: it is answered from what was published last, which is a second old while a page is
open and up to 5 seconds (scanners: 15) while nobody looks. No metric holds a symbol, an account, an amount of money or
the address of a channel.

Counts begin at nothing with each start of the program, and those of the engine with each of its own (a restart, another
gateway): `rate()` and `increase()` know how to deal with that. While `qtrade_engine_up` is 0 the engine's last values
are left out, not repeated.

Worth an alarm in Prometheus, beside QTrade's own alerts: `up == 0` and `qtrade_engine_up == 0`, of which a program that
is gone can't tell by itself; `qtrade_alert_channel_dead == 1`, of which its own channel can't tell.
"""


def document() -> str:
    """The whole file."""
    parts = [_HEAD]
    for group, specs in groupby(CATALOGUE, key=lambda spec: spec.group):
        rows = "\n".join(_row(spec) for spec in specs)
        parts.append(f"## {group}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _row(spec: Spec) -> str:
    labels = ", ".join(f"`{label}`" for label in spec.labels)
    return f"| `{spec.name}` | {spec.kind} | {labels} | {spec.about} |"


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8", newline="\n")
