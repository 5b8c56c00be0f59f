"""The stable codes of diagnostics: what each means and what to do, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config.codes.code import Code
from gateway.config.codes.endpoints import ENDPOINTS
from gateway.config.codes.references import REFERENCES
from gateway.config.codes.site import SITE
from gateway.config.codes.text import TEXT
from gateway.config.codes.warnings import WARNINGS

CODES: Mapping[str, Code] = TEXT | SITE | REFERENCES | ENDPOINTS | WARNINGS
"""By code: E1xx are errors, W2xx warnings. A code never changes its meaning."""
