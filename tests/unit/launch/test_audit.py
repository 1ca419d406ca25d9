"""What pip-audit reports, sorted: new faults, excused ones, packages that its database did not answer for."""

from __future__ import annotations

from typing import Any

from tests.long.audit import judge


def package(name: str, *faults: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "version": "1", "vulns": list(faults)} | more


REPORT = {
    "dependencies": [
        package("flask", {"id": "PYSEC-1", "aliases": ["CVE-1"]}),
        package("diskcache", {"id": "GHSA-1", "aliases": ["CVE-2025-69872"]}),
        package("pandas", {"id": "CVE-2025-69872", "aliases": []}),
        package("urllib3", {"id": "CVE-2", "aliases": []}),
        package("dash"),
        {"name": "numpy", "skip_reason": "not found"},
    ]
}


def test_a_fault_is_excused_for_its_package_and_its_list_alone() -> None:
    new, excused, unseen = judge("requirements.txt", REPORT)
    assert new == ["flask 1: CVE-1, PYSEC-1", "pandas 1: CVE-2025-69872", "urllib3 1: CVE-2"]
    assert excused == ["diskcache 1: CVE-2025-69872, GHSA-1"]
    assert unseen == ["numpy: not found"]
    assert "urllib3 1: CVE-2" in judge("requirements-dev.txt", REPORT)[1]
