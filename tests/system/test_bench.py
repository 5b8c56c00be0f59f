"""scripts/bench/* for a moment only: nothing about speed here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from scripts.bench.draining import Drain, drain
from scripts.bench.processes import daemon_command
from scripts.bench.ways import renewings, ways
from tests.support.repo import ROOT

NOTHING_AMISS = "0 lost, 0 doubled, 0 wrong"
NOTHING_WRONG = "0 unanswered, 0 answered twice, 0 written twice"


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
    assert row["values_per_s"] == pytest.approx(3 * values * 10, rel=0.5)
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
    drained = drain(Drain(rows=3000, rate="3000/s"), daemon_command(None))  # no faster than it is looked at

    assert (drained.lost, drained.duplicates, drained.in_order) == (0, 0, True)
    assert drained.per_s > 0


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (["idle", "--commands", "20"], ["20 of 20 done", NOTHING_WRONG, "in order"]),
        pytest.param(
            ["loaded", "--commands", "20"], ["20 of 20 done", NOTHING_WRONG, "in order"], marks=pytest.mark.slow
        ),
        pytest.param(["flood", "--commands", "500"], [f"0 others, {NOTHING_WRONG}"], marks=pytest.mark.slow),
        pytest.param(["start"], ["fieldgate --version p50", "an idle daemon has"], marks=pytest.mark.slow),
    ],
)
def test_what_becomes_of_commands_is_told(part: list[str], told: list[str]) -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.bench.commands_main", *part, "--warmup", "0.5", "--seconds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert all(words in measured.stdout for words in told)
    assert "WRONG" not in measured.stdout


@pytest.mark.parametrize(
    ("part", "told"),
    [
        pytest.param(
            ["serial", "--baudrate", "115200"],
            ["% of what is allowed", "0 too early", "of 5 commands passed by"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["values", "--connections", "1"],
            [NOTHING_AMISS, "5 of 5 commands done, 0 written twice"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["devices", "--connections", "20"], [NOTHING_AMISS, "20 x 20 uint16 each second"], marks=pytest.mark.slow
        ),
    ],
)
def test_what_a_bus_and_many_values_and_devices_come_to_is_told(part: list[str], told: list[str]) -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.bench.modbus_main", *part, *["--seconds", "2", "--commands", "5"]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert all(words in measured.stdout for words in told)


def test_what_serial_devices_that_never_rest_come_to_is_told() -> None:
    measured = subprocess.run(
        [
            sys.executable,
            "-m",
            "scripts.bench.serial_main",
            "--lines",
            "2",
            "--baudrate",
            "9600",
            "--seconds",
            "1",
            "--warmup",
            "0",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert NOTHING_AMISS in measured.stdout
    assert "last byte to broker p50" in measured.stdout


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (["air", "--rate", "20"], [NOTHING_AMISS, "us/advertisement"]),
        pytest.param(["path", "--rate", "200"], [NOTHING_AMISS, "strangers"], marks=pytest.mark.slow),
        pytest.param(["decoders"], ["govee", "said again"], marks=pytest.mark.slow),
    ],
)
def test_what_becomes_of_advertisements_is_told(part: list[str], told: list[str]) -> None:
    measured = subprocess.run(
        [
            sys.executable,
            "-m",
            "scripts.bench.ble_main",
            *part,
            *["--devices", "14", "--seconds", "1", "--warmup", "0"],
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert all(words in measured.stdout for words in told)


def endpoints_told(*part: str) -> list[str]:
    """What is said of each case's readings."""
    few = ["--devices", "2", "--seconds", "3", "--warmup", "0"]
    measured = subprocess.run(
        [sys.executable, "-m", "scripts.bench.endpoints_main", *few, *part],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in measured.stdout.splitlines() if " lost, " in line]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", [["formats", "--period", "50ms", "--seconds", "1"], ["drain", "--rows", "3000"]])
def test_what_endpoints_and_formats_cost_is_told_of_readings_that_all_arrive(part: list[str]) -> None:
    told = endpoints_told(*part)

    assert len(told) == len(ways())
    assert all(NOTHING_AMISS in line and "us/envelope" in line and "NOT in order" not in line for line in told)


@pytest.mark.parametrize(
    ("cases", "count"),
    [
        (["--case", "azure, token, batches"], 1),
        pytest.param(["--seconds", "8"], len(renewings()), marks=[pytest.mark.slow, pytest.mark.timeout(180)]),
    ],
)
def test_connections_that_begin_anew_under_load_lose_and_double_nothing(cases: list[str], count: int) -> None:
    told = endpoints_told("renewals", *cases)

    assert len(told) == count
    for line in told:
        assert f"0 other ends; {NOTHING_AMISS}" in line
        assert " 0 renewals" not in line
