"""Who is next where many want one line, and how long what does not answer is left alone. Pure."""

from gateway.line.agenda import Agenda
from gateway.line.patience import PAUSE_MAX_S, PAUSE_MIN_S, Patience
from gateway.line.turns import Load, Turns

__all__ = ["PAUSE_MAX_S", "PAUSE_MIN_S", "Agenda", "Load", "Patience", "Turns"]
