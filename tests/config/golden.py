"""A case is a folder: configuration files, what is expected of them, and perhaps its circumstances.

`expected.txt` holds what is shown. `case.json` may set `environ` and the mode of secrets.yaml. After a change that is
meant, `python -m tests.config.golden` writes all expectations anew; read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from gateway.config import ConfigError, load
from tests.config.catalog import CATALOG

CASES = Path(__file__).parent / "cases"


def all_cases() -> list[Path]:
    return sorted(path for path in CASES.iterdir() if path.is_dir())


def shown(case: Path, work: Path) -> str:
    """What a person sees who checks a copy of the case at `work`, the working directory."""
    shutil.copytree(case, work, dirs_exist_ok=True)
    circumstances: dict[str, Any] = {}
    if (case / "case.json").exists():
        circumstances = json.loads((case / "case.json").read_text())
    if (work / "secrets.yaml").exists():
        (work / "secrets.yaml").chmod(int(circumstances.get("secrets_mode", "0600"), 8))
    try:
        site = load(Path("gateway.yaml"), CATALOG, circumstances.get("environ", {}))
    except ConfigError as error:
        return error.render() + "\n"
    warnings = "".join(warning.render() + "\n" for warning in site.warnings).replace(f"{work}/", "")
    return f"{warnings}ok: {' '.join(site.endpoints)} | {' '.join(site.links)}\n"


def regenerate() -> None:
    """Write every expectation anew."""
    for case in all_cases():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            (case / "expected.txt").write_text(shown(case, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    regenerate()
