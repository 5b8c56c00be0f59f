"""How many files and connections the process may have open at once."""

from __future__ import annotations

import resource

from gateway.config import Site

PER_ENDPOINT = 8
"""A connection, and the files of its outbox while one is rescued."""
SPARE = 150
"""Logs, the control socket and who is connected to it, sockets that are being closed while others open."""


def raise_limit(site: Site) -> str | None:
    """Let the process have as many as it may; why that is too few for a site, with what to do, or None."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ValueError, OSError):  # fs.nr_open is below the hard limit by now: then it stays as it is (setrlimit(2))
        most = usual
    links = sum(1 for link in site.links.values() if link.devices)
    wanted = links + PER_ENDPOINT * len(site.endpoints) + SPARE
    if most == resource.RLIM_INFINITY or wanted <= most:
        return None
    return (
        f"{links} links need about {wanted} files and connections open at once, but this process may have {most}: "
        f"raise LimitNOFILE= with `systemctl edit fieldgate`, or the hard limit of `ulimit -n`, to {wanted} or more"
    )
