"""scripts/bench/throughput and outbox, only for a moment: they say nothing about speed here."""

import json
import shlex
import subprocess
import sys
from typing import Any

import pytest

from scripts.bench.draining import Drain, drain
from scripts.bench.main import FIELDGATE
from tests.support.repo import ROOT


@pytest.mark.parametrize(
    ("kind", "protocol", "values"), [("uint16", "5", 100), pytest.param("float32", "3.1.1", 50, marks=pytest.mark.slow)]
)
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


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (["open", "--rows", "2000"], ["on 2000 rows"]),
        pytest.param(
            ["memory", "--rows", "20000"], ["filling 20000 rows", "emptying 20000 rows"], marks=pytest.mark.slow
        ),
        pytest.param(["healthy", "--seconds", "2"], ["0 bytes written", "files touched: none"], marks=pytest.mark.slow),
    ],
)
def test_a_part_of_what_the_outbox_can_take_is_told(part: list[str], told: list[str]) -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.bench.outbox_main", *part], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert all(words in measured.stdout for words in told)


def test_a_filled_outbox_drains_whole_and_in_order() -> None:
    drained = drain(Drain(rows=3000), f"{shlex.quote(str(FIELDGATE))} run -c {{config}} --state-dir {{state}}")

    assert (drained.lost, drained.duplicates, drained.in_order) == (0, 0, True)
    assert drained.per_s > 0
