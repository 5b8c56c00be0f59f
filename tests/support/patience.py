"""How long a test waits for what is sure to come."""

HANG_S = 30.0
"""It only ends a test that hangs: on a machine that is busy, a process may take ten seconds to begin."""
