"""Samples in Prometheus' words, by its own library, in the order of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.metrics.catalogue import CATALOGUE, Spec
from app.metrics.of_engine import Sample, Total
from engine.state.counter_sections import Spread


class SampleCollector(Collector):
    """Asks for all samples at each scrape, and at no other time."""

    def __init__(self, samples: Callable[[], Iterable[Sample]]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        """Each metric once, also one of which there is no sample now. Raises KeyError for one that no spec names."""
        found: dict[str, list[Sample]] = {spec.name: [] for spec in CATALOGUE}
        for sample in self._samples():
            found[sample.name].append(sample)
        for spec in CATALOGUE:
            yield family(spec, found[spec.name])

    def describe(self) -> Iterator[Metric]:
        """Registering asks for nothing."""
        return iter(())


def family(spec: Spec, samples: Iterable[Sample]) -> Metric:
    """One metric with its samples."""
    if spec.kind == "histogram":
        histogram = HistogramMetricFamily(spec.name, spec.about, labels=spec.labels)
        for each in samples:
            assert isinstance(each.value, Spread)
            histogram.add_metric(each.labels, _buckets(each.value), each.value.sum_s)
        return histogram
    if spec.kind == "summary":
        summary = SummaryMetricFamily(spec.name, spec.about, labels=spec.labels)
        for each in samples:
            assert isinstance(each.value, Total)
            summary.add_metric(each.labels, each.value.number, each.value.sum_s)
        return summary
    made = (CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily)(
        spec.name, spec.about, labels=spec.labels
    )
    for each in samples:
        assert isinstance(each.value, int | float)
        made.add_metric(each.labels, each.value)
    return made


def _buckets(spread: Spread) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    bounds = [*(f"{bound:g}" for bound in spread.bounds_s), "+Inf"]
    return [(bound, float(count)) for bound, count in zip(bounds, accumulate(spread.counts), strict=True)]


def exposed(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The answer in the format that the scraper asks for, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
