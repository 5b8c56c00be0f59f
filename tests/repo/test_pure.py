"""A module that calls itself pure is held to it."""

import ast
import tomllib

from tests.support.repo import ROOT, tracked_files

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_every_module_that_says_pure_is_in_the_purity_contract() -> None:
    contract = next(contract for contract in CONTRACTS if contract["name"].startswith("Pure modules"))
    held = tuple(contract["source_modules"])

    says_so = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in tracked_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in {"gateway", "adapters"}
        if "Pure" in (ast.get_docstring(ast.parse(path.read_text())) or "")
    }

    assert [name for name in sorted(says_so) if not f"{name}.".startswith(tuple(f"{module}." for module in held))] == []
