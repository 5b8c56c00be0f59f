"""fieldgate: a field gateway between legacy devices and the cloud."""

__version__ = "0.1.0"
