"""`GET /metrics`: Prometheus asks here; with a token where there is a password (`docs/metrics.md`).

Work is done for who asks alone, and the engine does none of it: what it has published last is told, however old.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry

from app.deps import AppDeps
from app.metrics.exposition import SampleCollector, exposed
from app.metrics.meters import Meters, login_samples, process_samples, program_samples
from app.metrics.of_engine import SECTIONS, Sample, engine_samples
from app.snapshots import Snapshots, engine_state

METRICS_PATH = "/metrics"


def register(server: Flask, deps: AppDeps, meters: Meters) -> None:
    """Add the route to `server`, and count what it answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SampleCollector(lambda: samples(deps, meters)))

    @server.get(METRICS_PATH)
    def metrics() -> Response:
        body, content_type = exposed(registry, request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    @server.after_request
    def count(response: Response) -> Response:
        meters.answered(response.status_code)
        return response


def samples(deps: AppDeps, meters: Meters) -> Iterator[Sample]:
    """All of this moment."""
    reading = deps.state.peek_many(SECTIONS)
    yield from program_samples(deps.version, deps.build_id, deps.uptime_s())
    yield from process_samples()
    yield from engine_samples(Snapshots.of(reading, engine_state(reading.silent_s), deps.clock.wall()))
    yield from meters.samples()
    yield from login_samples(deps.login)
