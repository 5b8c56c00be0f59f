"""TLS as every link and endpoint speaks it."""

from __future__ import annotations

import ssl

from pydantic import Field

from gateway.adapter.basis import StrictModel
from gateway.adapter.paths import ConfigPath


class TlsConfig(StrictModel):
    """Whom to trust, and who we are."""

    ca: ConfigPath | None = Field(None, description="PEM file; without it the system's trust store")
    cert: ConfigPath | None = None
    key: ConfigPath | None = None

    def context(self) -> ssl.SSLContext:
        """For a client. Reads files: call it off the loop. Raises OSError, which ssl.SSLError is."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert is not None:
            context.load_cert_chain(self.cert, self.key)
        return context
