"""What bleparser knows, behind guards of our own: it looks at few lengths, and believes what it reads. Pure."""

from adapters.ble.decoders.library.decoder import LibraryDecoder

__all__ = ["LibraryDecoder"]
