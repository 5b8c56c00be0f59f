"""What a log line looks like, and what never stands in it."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from gateway import log

SECRET = "hunter2-and-more"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(event: str, secrets: tuple[str, ...] = (), level: str = "info", **fields: Any) -> dict[str, Any]:
    """One line of JSON, as an object."""
    stream = io.StringIO()
    log.configure(level, "json", secrets, stream)
    structlog.get_logger("fieldgate.test").info(event, **fields)
    line = stream.getvalue()
    return dict(json.loads(line)) if line else {}


def test_a_line_is_one_json_object_with_event_level_and_time() -> None:
    line = logged("ready", devices=3)
    assert (line["event"], line["level"], line["devices"]) == ("ready", "info", 3)
    assert line["timestamp"].endswith("Z")


def test_fields_that_have_nothing_to_say_stay_out() -> None:
    assert set(logged("up", repeated=None, count=0)) == {"event", "level", "timestamp", "count"}


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"mqtts://user:{SECRET}@host",
        ["a", SECRET],
        ("a", [SECRET]),
        {"password": SECRET},
        {SECRET: 1},
        {"deep": {"er": [f"<{SECRET}>"]}},
        ValueError(SECRET),
        SECRET.encode(),
    ],
    ids=["whole", "part", "list", "nested", "mapping", "key", "deep", "object", "bytes"],
)
def test_a_secret_never_stands_in_a_line(value: Any) -> None:
    line = json.dumps(logged("trying", (SECRET,), what=value))
    assert SECRET not in line
    assert log.REDACTED in line


CONNECTION_STRING = "HostName=mill.azure-devices.net;DeviceId=mill;SharedAccessKey=aHVu/Gvy+Mg=="


@pytest.mark.parametrize(
    "text",
    [
        "the key aHVu/Gvy+Mg== is refused",
        "password=aHVu%2FGvy%2BMg%3D%3D",
        "SharedAccessSignature sr=mill&sig=aHVuGvyMg&se=5",
        "SharedAccessSignature sr=mill&se=5&sig=aHVuGvyMg%3D",
        "Proxy-Authorization: Basic aHVuGvyMg=",
        "HostName=other;SharedAccessKey=aHVuGvyMg=;DeviceId=mill",
    ],
    ids=["key", "quoted", "token", "end", "basic", "unknown"],
)
def test_a_part_of_a_secret_and_what_is_made_of_it_never_stand_in_a_line(text: str) -> None:
    line = logged("trying", (CONNECTION_STRING,), what=text)["what"]
    assert "aHVu" not in line
    assert log.REDACTED in line


def test_the_rest_of_a_connection_string_may_be_shown() -> None:
    line = logged("trying", (CONNECTION_STRING,), what="mill at mill.azure-devices.net: SharedAccessKey= is missing")
    assert line["what"] == "mill at mill.azure-devices.net: SharedAccessKey= is missing"


def test_a_secret_is_hidden_in_the_event_and_in_tracebacks() -> None:
    stream = io.StringIO()
    log.configure("info", "json", [SECRET], stream)
    try:
        int(f"login {SECRET} refused")
    except ValueError:
        structlog.get_logger("fieldgate.test").exception(f"with {SECRET}")
        logging.getLogger("some.library").exception("failed with %s", SECRET)
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().count("Traceback") == 2


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert logged("x", ("abcd", "abcdefgh"), what="abcdefgh")["what"] == log.REDACTED


def test_a_secret_too_short_to_be_one_does_not_black_out_text() -> None:
    assert logged("an error", ("err",))["event"] == "an error"


def test_values_of_other_types_stay_what_they_are() -> None:
    line = logged("x", (SECRET,), count=3, share=0.5, yes=True, many=[1, 2], more={"a": 1})
    assert (line["count"], line["share"], line["yes"], line["many"], line["more"]) == (3, 0.5, True, [1, 2], {"a": 1})


def test_a_terminal_gets_lines_for_people_and_a_pipe_gets_json() -> None:
    for stream, style, is_json in [
        (Terminal(), "auto", False),
        (io.StringIO(), "auto", True),
        (Terminal(), "json", True),
        (io.StringIO(), "console", False),
    ]:
        log.configure("info", style, (), stream)  # type: ignore[arg-type]
        structlog.get_logger("fieldgate.test").info("ready")
        assert stream.getvalue().startswith("{") == is_json
        assert ("\x1b[" in stream.getvalue()) == (isinstance(stream, Terminal) and not is_json)


@pytest.mark.parametrize(("level", "seen"), [("debug", True), ("info", True), ("warning", False), ("error", False)])
def test_the_level_is_held(level: str, seen: bool) -> None:
    assert bool(logged("ready", level=level)) == seen


def test_libraries_are_heard_from_warnings_on_and_in_the_same_form() -> None:
    stream = io.StringIO()
    log.configure("debug", "json", (), stream)
    logging.getLogger("asyncio").info("chatter")
    logging.getLogger("asyncio").warning("slow %s", "callback")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "slow callback"


def test_what_a_stranger_wrote_does_not_command_the_terminal() -> None:
    terminal = Terminal()
    log.configure("info", "console", (), terminal)
    structlog.get_logger("fieldgate.test").info("command refused", command="\x1b]0;x\x07\x9b2J", detail="a\nb")

    assert r"\x1b]0;x\x07\x9b2J" in terminal.getvalue()
    assert "\x07" not in terminal.getvalue()


def test_a_secret_that_is_known_only_later_is_hidden_by_loggers_that_are_in_use_already() -> None:
    stream = io.StringIO()
    log.configure("info", "json", ["first-secret"], stream)
    logger = structlog.get_logger("fieldgate.test")
    logger.info("before")
    log.hide([SECRET])
    logger.info("after", told=f"first-secret and {SECRET}")
    assert json.loads(stream.getvalue().splitlines()[1])["told"] == "*** and ***"
    log.configure("info", "json", [SECRET + "-x"], stream)
    logger.info("reloaded", told=SECRET + "-x")
    assert json.loads(stream.getvalue().splitlines()[2])["told"] == "***"


def test_what_leaves_the_house_otherwise_than_by_the_log_can_be_cleaned_too() -> None:
    log.configure("info", "json", (SECRET,), io.StringIO())
    assert log.cleaned(f"mqtts://user:{SECRET}@host refuses") == f"mqtts://user:{log.REDACTED}@host refuses"


def test_the_level_can_be_changed_while_a_logger_is_in_use_and_secrets_stay_hidden() -> None:
    stream = io.StringIO()
    log.configure("info", "json", (SECRET,), stream)
    logger = structlog.get_logger("fieldgate.test")
    logger.debug("before")
    log.set_level("debug")
    logger.debug("after", password=SECRET)
    log.set_level("info")
    logger.debug("later")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["password"]) == ("after", log.REDACTED)
