"""A verb of the command line, in this process: another one costs a second of CPU before it has read its arguments."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

from gateway import cli


def verb(*arguments: str | Path, cwd: Path) -> "CompletedProcess[str]":
    """Run it to its end in this folder, with nobody who types; what a process would have said, and its exit code."""
    words = [str(argument) for argument in arguments]
    out, err = _stream(), _stream()
    with chdir(cwd), _nobody_types(), redirect_stdout(out), redirect_stderr(err):
        code = cli.dispatch(words)
    return CompletedProcess(words, code, _text(out), _text(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read().replace("\r\n", "\n")


@contextmanager
def _nobody_types() -> Iterator[None]:
    before = sys.stdin
    with Path(os.devnull).open() as nobody:
        sys.stdin = nobody
        try:
            yield
        finally:
            sys.stdin = before
