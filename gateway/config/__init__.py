"""Configuration: from YAML text to a validated site, every error at once, each where it stands."""

from gateway.adapter import ConfigPath
from gateway.config.diagnostics import ConfigError, Diagnostic
from gateway.config.load import load
from gateway.config.site import AdapterModels, Catalog, EndpointSetup, LinkSetup, Site, Unavailable

__all__ = [
    "AdapterModels",
    "Catalog",
    "ConfigError",
    "ConfigPath",
    "Diagnostic",
    "EndpointSetup",
    "LinkSetup",
    "Site",
    "Unavailable",
    "load",
]
