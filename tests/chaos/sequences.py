"""Sequences of faults as plain data, made by a pure function of a seed; printed, read back, and cut down.

A sequence is at rest for `warm_s`, then faults come and go; those that use the same thing never overlap, others may.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.chaos.fault_table import KINDS, Kind, of_family

APART_S = 1.0  # between two faults that use the same thing


@dataclass(frozen=True)
class Family:
    """`share` of all sequences; `faults` = the fewest and most of them; `span_s` = in which they begin."""

    name: str
    share: float
    faults: tuple[int, int]
    warm_s: float
    span_s: float


FAMILIES = (
    Family("quick", 0.70, (4, 8), 1.0, 14.0),
    Family("slow", 0.15, (4, 6), 28.0, 30.0),  # a symbol has flowed for long enough to be missed
    Family("crash", 0.15, (4, 6), 2.0, 24.0),
)


@dataclass(frozen=True)
class Fault:
    """One fault of a sequence: begins `at` seconds after the start, and ends `lasts` seconds later."""

    number: int
    at: float
    kind: str
    lasts: float
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def ends(self) -> float:
        return self.at + self.lasts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.params)
        return f"{self.number}: {self.at:.1f} s {self.kind} for {self.lasts:.1f} s ({told})"


@dataclass(frozen=True)
class FaultSequence:
    """All that a run does; the same seed is the same sequence for ever (on one version of the table)."""

    seed: int
    family: Family
    faults: tuple[Fault, ...]

    def only(self, numbers: Collection[int]) -> FaultSequence:
        """The same sequence with these faults alone, at their times."""
        return replace(self, faults=tuple(fault for fault in self.faults if fault.number in numbers))

    def replay(self) -> str:
        """The command that runs exactly this."""
        numbers = ",".join(str(fault.number) for fault in self.faults)
        return f"python start.py test --long chaos --seed {self.seed} --only {numbers}"


def family_of(seed: int) -> Family:
    """By the seed alone, so that every hundred seeds hold all families."""
    place = (seed * 37 % 100) / 100.0
    for family in FAMILIES:
        place -= family.share
        if place < -1e-9:
            return family
    return FAMILIES[-1]


def make_sequence(seed: int, family: Family | None = None) -> FaultSequence:
    """The sequence of a seed."""
    rng = random.Random(f"chaos {seed}")
    family = family or family_of(seed)
    kinds = of_family("quick" if family.name == "crash" else family.name)
    own = [kind for kind in of_family(family.name) if "quick" not in kind.families]
    faults: list[Fault] = []
    for number in range(rng.randint(*family.faults)):
        pool = own if own and (number == 0 or rng.random() < 0.4) else kinds
        fault = _drawn(rng, number, family, rng.choice(pool), faults)
        if fault is not None:
            faults.append(fault)
    ordered = sorted(faults, key=lambda fault: fault.at)
    return FaultSequence(seed, family, tuple(replace(fault, number=i) for i, fault in enumerate(ordered)))


def _drawn(rng: random.Random, number: int, family: Family, kind: Kind, before: Sequence[Fault]) -> Fault | None:
    """At a time at which nothing that it uses is in use; None = there is none in twenty tries."""
    lasts = round(rng.uniform(*kind.lasts), 1)
    params = tuple(sorted(kind.draw(rng).items()))
    for _ in range(20):
        first = 0.0 if number == 0 and kind.needs_flow else rng.uniform(0.0, family.span_s)
        at = round(family.warm_s + first, 1)
        fault = Fault(number, at, kind.name, lasts, params)
        if not any(in_conflict(fault, other) for other in before):
            return fault
    return None


def in_conflict(one: Fault, other: Fault) -> bool:
    """They use the same thing at the same time, or too soon after each other."""
    this, that = KINDS[one.kind], KINDS[other.kind]
    if not (this.uses & (that.uses | that.needs) or that.uses & this.needs):
        return False
    return one.at < other.ends + APART_S and other.at < one.ends + APART_S
