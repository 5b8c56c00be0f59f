"""Where the values of references come from: the environment, credentials, secrets.yaml and files."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from gateway.config.compose import compose
from gateway.config.diagnostics import Findings, Span, did_you_mean, quoted
from gateway.config.nodes import BROKEN, Node
from gateway.config.references import Reference, Template
from gateway.config.source import Source
from gateway.config.stamp import Stamp, stamp_of

SECRETS_FILE = "secrets.yaml"
CREDENTIAL_PREFIX = "secrets_"
"""systemd names the files of a directory that LoadCredential= loads as `secrets` like this: systemd.exec(5)."""

MAX_SECRET_BYTES = 64 * 1024
"""More than any key or certificate needs; systemd allows a megabyte for all credentials together."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _Undefined(Exception):
    """A reference leads nowhere: its code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class References:
    """Resolves references, once each; what can't be resolved is among the findings.

    `files`: where secrets came from, as those were just before they were read.
    """

    def __init__(self, directory: Path, environ: Mapping[str, str], findings: Findings) -> None:
        self._directory = directory
        self._environ = environ
        self._findings = findings
        self._secrets_file: Node | None = None
        self._opened = False
        self.files: dict[Path, Stamp | None] = {}

    def text(self, template: Template, span: Span) -> str | None:
        """The text that a template stands for; None when a part of it is missing."""
        pieces = []
        for part in template.parts:
            try:
                pieces.append(part if isinstance(part, str) else self._value(part, span.source.path.parent))
            except _Undefined as problem:
                self._findings.add(problem.code, str(problem), span)
        return "".join(pieces) if len(pieces) == len(template.parts) else None

    def _value(self, reference: Reference, beside: Path) -> str:
        if reference.scheme == "env":
            return self._variable(reference)
        if reference.scheme == "secret":
            return self._secret(reference.name)
        path = beside / reference.name
        try:
            return self._text_of(path)
        except FileNotFoundError:
            raise _Undefined("E155", f"file {quoted(reference.name)} does not exist") from None

    def _variable(self, reference: Reference) -> str:
        value = self._environ.get(reference.name)
        if not value and reference.default is not None:
            return reference.default
        if value is None:
            raise _Undefined("E151", f"environment variable {quoted(reference.name)} is not set")
        if not value.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            raise _Undefined("E151", f"environment variable {quoted(reference.name)} is not UTF-8 text")
        return value

    def _secret(self, name: str) -> str:
        value = self._credential(name)
        if value is None:
            value = self._from_secrets_file(name)
        if not value:
            raise _Undefined("E152", f"secret {quoted(name)} is empty")
        return value

    def _credential(self, name: str) -> str | None:
        directory = self._environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            return None
        for candidate in (name, CREDENTIAL_PREFIX + name):
            try:
                return self._text_of(Path(directory) / candidate)
            except FileNotFoundError:
                continue
        return None

    def _from_secrets_file(self, name: str) -> str:
        node = self._open_secrets_file()
        known: Iterable[str] = node.data if node else ()
        if node is None or name not in node.data:
            where = SECRETS_FILE if node else f"the credentials, and there is no {SECRETS_FILE}"
            raise _Undefined("E152", f"secret {quoted(name)} is not defined in {where}{did_you_mean(name, known)}")
        value = node.data[name]
        if value is BROKEN:
            raise _Undefined("E152", f"secret {quoted(name)} is not written as text in {SECRETS_FILE}")
        if not isinstance(value, str):
            raise _Undefined("E152", f"secret {quoted(name)} is not text - quote it in {SECRETS_FILE}")
        return value

    def _open_secrets_file(self) -> Node | None:
        if not self._opened:
            self._opened = True
            self._secrets_file = self._read_secrets_file(self._directory / SECRETS_FILE)
        return self._secrets_file

    def _text_of(self, path: Path, *, strip: bool = True) -> str:
        stamp = stamp_of(path)
        text = _read(path, strip)
        self.files[path] = stamp
        return text

    def _read_secrets_file(self, path: Path) -> Node | None:
        try:
            mode = path.stat().st_mode
            text = self._text_of(path, strip=False)
        except FileNotFoundError:
            return None
        except _Undefined as problem:
            self._findings.add(problem.code, str(problem), path)
            return Node(Source(path, ""), 0, 0, {})
        if mode & _OTHERS:
            message = f"other users may read this file (mode {mode & 0o777:04o}) - chmod 600 {path}"
            self._findings.add("E154", message, path)
        source = Source(path, text, confidential=True)
        node = compose(source, self._findings)
        if node is not None and isinstance(node.data, dict):
            return node
        if node is not None:
            self._findings.add("E103", "secrets are written as 'name: value'", path)
        return Node(source, 0, 0, {})


def _read(path: Path, strip: bool = True) -> str:
    """A small text file, without the line break at its end."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise _Undefined("E155", f"{path.name} cannot be read: {reason}") from None
    if len(content) > MAX_SECRET_BYTES:
        raise _Undefined("E155", f"{path.name} is larger than {MAX_SECRET_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Undefined("E155", f"{path.name} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if strip else text
