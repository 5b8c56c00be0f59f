"""How many files and connections the daemon may have open at once, in a process of its own: the limit is one's own."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway import plugins
from gateway.cli.descriptors import raise_limit
from gateway.config import load

PROGRAM = """
import json, resource, sys
from pathlib import Path
from gateway import plugins
from gateway.cli.descriptors import raise_limit
from gateway.config import load

soft, hard = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
told = raise_limit(load(Path(sys.argv[1]), plugins.catalog(), {}))
print(json.dumps([told, *resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""


def site(folder: Path, links: int) -> Path:
    lines = ["version: 1", "gateway: {id: gw}", "endpoints: {}", "links:"]
    lines += [f"  l{n}: {{adapter: modbus, host: 127.0.0.1}}" for n in range(links)]
    lines.append("devices:")
    lines += [f"  d{n}: {{link: l{n}, points: {{a: {{address: 0, type: uint16}}}}}}" for n in range(links)]
    path = folder / "gateway.yaml"
    path.write_text("\n".join(lines))
    return path


def raised(path: Path, soft: int, hard: int) -> tuple[str | None, int, int]:
    """What is said, and the limits afterwards."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(soft), str(hard)]
    told, *limits = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return told, limits[0], limits[1]


def test_the_process_may_have_as_many_as_the_system_allows(tmp_path: Path) -> None:
    assert raised(site(tmp_path, 1), 100, 300) == (None, 300, 300)


@pytest.mark.parametrize(("hard", "enough"), [(160, True), (159, False)])
def test_too_few_for_the_links_is_said_with_how_many_and_what_to_do(tmp_path: Path, hard: int, enough: bool) -> None:
    told, _, _ = raised(site(tmp_path, 10), 100, hard)

    assert (told is None) is enough
    if told is not None:
        assert told.startswith("10 links need about 160 files and connections open at once")
        assert f"may have {hard}: raise LimitNOFILE= with `systemctl edit fieldgate`" in told


def test_where_the_kernel_raises_nothing_the_daemon_starts_with_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:  # as when fs.nr_open was lowered, which is the whole machine's
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (159, 1_000_000))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    told = raise_limit(load(site(tmp_path, 10), plugins.catalog(), {}))

    assert told is not None
    assert "may have 159" in told
