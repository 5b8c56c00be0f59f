"""Ports for processes that can't be given port 0."""

import socket


def free_port() -> int:
    """A TCP port on loopback that is nobody else's until this process ends, whoever listens on it or ceases to.

    A socket stays bound to it, without listening: the kernel then gives it to nobody who asks for any port, and lets
    those who name it listen there if they set SO_REUSEADDR, as servers do.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    held.detach()  # the descriptor stays open
    return port
