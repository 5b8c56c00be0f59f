"""scripts/bench/throughput, only for a moment: it says nothing about speed here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.repo import ROOT


@pytest.mark.parametrize(("kind", "protocol", "values"), [("uint16", "5", 100), ("float32", "3.1.1", 50)])
def test_every_reading_arrives_once_and_right(kind: str, protocol: str, values: int) -> None:
    options = ["--type", kind, "--protocol", protocol, "--devices", "3", "--period", "100ms"]
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.bench.main", *options, "--seconds", "2", "--warmup", "0.5", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    row: dict[str, Any] = json.loads(measured.stdout)[0]

    assert {row["lost"], row["duplicates"], row["wrong"], row["malformed"]} == {0}
    assert row["values_per_s"] == pytest.approx(3 * values * 10, rel=0.2)
    assert row["us_per_value"] > 0
    assert row["p99_ms"] >= row["p50_ms"] > 0
