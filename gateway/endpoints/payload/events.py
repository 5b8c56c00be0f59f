"""CloudEvents 1.0 in structured mode: the same envelopes, each as the data of an event. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from gateway.adapter import IDENTIFIER
from gateway.endpoints.payload.encoder import Encoder, encode, will
from gateway.endpoints.payload.times import iso_ms
from gateway.model import Bad, Value

EVENT_TYPE = "application/cloudevents+json"
"""CloudEvents, JSON event format 1.0, section 3."""

BATCH_TYPE = "application/cloudevents-batch+json"
"""CloudEvents, JSON event format 1.0, section 4: a JSON array of events."""

EVENT = b'{"specversion":"1.0"'
"""What every event begins with, and no envelope."""

DATA = b',"datacontenttype":"application/json","data":'
"""Between an event's attributes and the envelope. Before it are ids and a time, so that it is found there first."""

_is_id = re.compile(IDENTIFIER).fullmatch


class CloudEvents(Encoder):
    """Writes the envelopes of one endpoint as events; their `id` and `source` are the envelope's identity."""

    @override
    def reading(
        self, seq: int, device: str, time_ms: int, values: Mapping[str, Value], bad: Mapping[str, Bad]
    ) -> bytes:
        template = self._readings.get(device) or self._reading_template(device)
        time = iso_ms(time_ms).encode()
        body = template % (seq, time, seq, time, encode(values))
        return body[:-2] + b',"bad":' + encode(bad) + b"}}" if bad else body

    @override
    def _template(self, device: str) -> bytes:
        return b"%b%b%b}" % (self._attributes("reading", device), DATA, super()._template(device))

    @override
    def _written(self, kind: str, seq: int, time_ms: int, device: str, facts: dict[str, Any]) -> bytes:
        attributes = self._attributes(kind, device) % (seq, iso_ms(time_ms).encode())
        return b"%b%b%b}" % (attributes, DATA, super()._written(kind, seq, time_ms, device, facts))

    def _attributes(self, kind: str, device: str) -> bytes:
        """With places for the number and the time.

        A command may have named as its device what is none, in characters that no attribute may have: only an id of
        ours is a subject.
        """
        subject = f',"subject":"{device}"' if _is_id(device) else ""
        return (
            f'{EVENT.decode()},"id":"{self._session}-%d","source":"/fieldgate/{self._gateway}/{self._stream}",'
            f'"type":"io.fieldgate.{kind}.v1"{subject},"time":"%b"'
        ).encode()


def will_event(gateway: str, nonce: str) -> bytes:
    """The last will; when it is said nobody knows beforehand, so it has no time."""
    attributes = f'{EVENT.decode()},"id":"will-{nonce}","source":"/fieldgate/{gateway}","type":"io.fieldgate.status.v1"'
    return b"%b%b%b}" % (attributes.encode(), DATA, will(gateway))


def is_event(payload: bytes) -> bool:
    """Whether this is an event, and no bare envelope."""
    return payload.startswith(EVENT)


def envelope_in(payload: bytes) -> bytes:
    """The envelope, whether it is the data of an event or stands by itself."""
    return payload.partition(DATA)[2][:-1] if payload.startswith(EVENT) else payload
