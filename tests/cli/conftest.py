"""What verbs are asked about: a state directory, or a gateway that answers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.api import Api, Said, Verbs, run
from tests.cli.outboxes import Commands
from tests.cli.terminal import Terminal


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    monkeypatch.chdir(tmp_path)
    return Commands(tmp_path, capsys)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A gateway that listens in the state directory that is the default here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    api = Api(tmp_path / "control.sock")
    yield api
    api.close()


@pytest.fixture
def verb(api: Api, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """A verb that asks `api`; what it says is no terminal's."""
    return lambda *arguments: run(*arguments, capture=capsys)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verbs:
    """A verb that asks nobody, in a folder."""
    return Verbs(monkeypatch, capsys)


@pytest.fixture
def at_terminal(api: Api, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """A verb that asks `api`, at a terminal."""
    with ExitStack() as open_ones:

        def start(*arguments: str) -> Terminal:
            terminal = Terminal(arguments, tmp_path)
            open_ones.callback(terminal.close)
            return terminal

        yield start
