"""Every case of a configuration shows exactly what is expected."""

import re
from pathlib import Path

import pytest

from gateway.config.codes import CODES
from tests.config import golden

OF_THE_BOX = {"W206"}
"""What no configuration says by itself: tests/cli has them."""

SHOWN = "\n".join((case / "expected.txt").read_text() for case in golden.all_cases())


@pytest.mark.parametrize("case", golden.all_cases(), ids=lambda case: case.name)
def test_a_configuration_is_answered_as_expected(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert golden.shown(case, tmp_path) == (case / "expected.txt").read_text(encoding="utf-8")


def test_every_code_has_a_case() -> None:
    assert set(re.findall(r"\[([EW]\d{3})\]", SHOWN)) == set(CODES) - OF_THE_BOX


def test_no_expectation_shows_a_secret() -> None:
    assert not re.search(r"hunter|hun,|ter2|4711|0815", SHOWN)
