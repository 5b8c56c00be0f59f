"""What has gone over TCP connections, as the kernel counts it."""

from __future__ import annotations

import re
import subprocess

SENT = re.compile(r"\bbytes_sent:(\d+)")


def sent_bytes(port: int) -> int:
    """By everyone who is connected to this port now: payload of TCP, so with all that is above it."""
    command = ["ss", "-tinH", "state", "established", "dport", "=", f":{port}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sum(map(int, SENT.findall(told)))
