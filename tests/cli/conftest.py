"""A state directory, and the verb that looks at it."""

from pathlib import Path

import pytest

from tests.cli.outboxes import Commands


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    monkeypatch.chdir(tmp_path)
    return Commands(tmp_path, capsys)
