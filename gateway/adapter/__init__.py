"""The adapter contract: everything of the core that an adapter may know, besides values, grid, model and units."""

from gateway.adapter.advice import Advice, AdviceKind
from gateway.adapter.arguments import AdapterCommand, Argument
from gateway.adapter.basis import IDENTIFIER, PERCENTAGE, Identifier, Labels, Period, StrictModel
from gateway.adapter.capture import (
    Capture,
    CaptureError,
    Commanded,
    Traffic,
    capture_comment,
    capture_line,
    capture_text,
    iso_us,
    parse_capture,
)
from gateway.adapter.contract import (
    NO_OPTIONS,
    Adapter,
    Direction,
    Emit,
    Memory,
    Progress,
    Simulation,
    Tap,
    Tell,
    Wrote,
    to_nobody,
)
from gateway.adapter.errors import AdapterError, PermanentError, Rejected, Unheard, Unkept
from gateway.adapter.living import lively, ratings
from gateway.adapter.notation import BitRange, RawNumbers
from gateway.adapter.paths import ConfigPath
from gateway.adapter.placed import PlacedPoint, complaints_of_bytes, complaints_of_labels
from gateway.adapter.readback import ReadBack, check_read_backs
from gateway.adapter.sense import of_scale, value_complaints
from gateway.adapter.settings import Commands, DeviceConfig, LinkConfig, PointConfig, Reconnect, ReportConfig
from gateway.adapter.tls import TlsConfig
from gateway.adapter.unscaled import wanted
from gateway.adapter.valued import ValuePoint
from gateway.adapter.writing import FailSafe, Guarded, StepConfig, Steps, WriteRules, check_commands

__all__ = [
    "IDENTIFIER",
    "NO_OPTIONS",
    "PERCENTAGE",
    "Adapter",
    "AdapterCommand",
    "AdapterError",
    "Advice",
    "AdviceKind",
    "Argument",
    "BitRange",
    "Capture",
    "CaptureError",
    "Commanded",
    "Commands",
    "ConfigPath",
    "DeviceConfig",
    "Direction",
    "Emit",
    "FailSafe",
    "Guarded",
    "Identifier",
    "Labels",
    "LinkConfig",
    "Memory",
    "Period",
    "PermanentError",
    "PlacedPoint",
    "PointConfig",
    "Progress",
    "RawNumbers",
    "ReadBack",
    "Reconnect",
    "Rejected",
    "ReportConfig",
    "Simulation",
    "StepConfig",
    "Steps",
    "StrictModel",
    "Tap",
    "Tell",
    "TlsConfig",
    "Traffic",
    "Unheard",
    "Unkept",
    "ValuePoint",
    "WriteRules",
    "Wrote",
    "capture_comment",
    "capture_line",
    "capture_text",
    "check_commands",
    "check_read_backs",
    "complaints_of_bytes",
    "complaints_of_labels",
    "iso_us",
    "lively",
    "of_scale",
    "parse_capture",
    "ratings",
    "to_nobody",
    "value_complaints",
    "wanted",
]
