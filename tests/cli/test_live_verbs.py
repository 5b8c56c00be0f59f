"""Reading and writing through a gateway that runs."""

from collections.abc import Callable

import pytest

from tests.cli.api import BOILER, MODE, PUMP, SETPOINT, Api, Ask, Said, error, result
from tests.cli.terminal import Terminal

Verb = Callable[..., Said]
AtTerminal = Callable[..., Terminal]

READ, WRITE, INVOKE = (f"POST /v1/devices/boiler/{what}" for what in ("read", "write", "invoke"))


def asked(what: str, body: object) -> Ask:
    method, _, path = what.partition(" ")
    return Ask(method, path, {}, body)


def test_a_read_is_tab_separated_where_there_is_no_terminal(api: Api, verb: Verb) -> None:
    api.tell(READ, result(values={"flow": 71.5, "pump": True}, bad={"setpoint": {"reason": "timeout"}}))

    said = verb("read", "boiler")

    assert said.out == "flow\t71.5\t°C\tgood\nsetpoint\t\t°C\tbad: timeout\npump\ttrue\t\tgood\n"
    assert said.code == 5
    assert api.posted() == [asked(READ, {})]


def test_points_are_read_in_the_order_in_which_they_were_asked_for(api: Api, verb: Verb) -> None:
    api.tell(READ, result(values={"flow": 71.5, "pump": True}))

    said = verb("read", "boiler", "pump", "flow")

    assert [line.partition("\t")[0] for line in said.out.splitlines()] == ["pump", "flow"]
    assert api.posted() == [asked(READ, {"points": ["pump", "flow"]})]


def test_a_read_at_a_terminal_is_a_table_with_a_head(api: Api, at_terminal: AtTerminal) -> None:
    api.tell(READ, result(values={"flow": 71.5}))

    seen = at_terminal("read", "boiler", "flow").end()

    assert [line.split() for line in seen.text.splitlines()] == [
        ["point", "value", "unit", "quality"],
        ["flow", "71.5", "°C", "good"],
    ]
    assert seen.code == 0


def test_a_read_as_json_is_the_result_in_one_document(api: Api, verb: Verb) -> None:
    api.tell(READ, result(values={"flow": 71.5}))

    assert verb("read", "boiler", "--json").json == {"schema": 1, **result(values={"flow": 71.5})}


@pytest.mark.parametrize(("status", "code"), [("unreachable", 4), ("failed", 5), ("rejected", 8), ("expired", 4)])
def test_why_a_read_failed_is_told_and_shows_in_the_exit_code(api: Api, verb: Verb, status: str, code: int) -> None:
    api.tell(READ, result(status, reason="why", detail="in plain words"))

    said = verb("read", "boiler")

    assert (said.code, said.out) == (code, "")
    assert said.err == f"fieldgate: boiler: {status}, why: in plain words\n"


@pytest.mark.parametrize(("arguments", "said"), [
    (("read", "boilr"), "no device 'boilr' - did you mean 'boiler'?"),
    (("read", "../status"), "no device '../status' - there are boiler"),
    (("read", "boiler", "flw"), "boiler has no point 'flw' - did you mean 'flow'?"),
    (("write", "boiler", "set_point=1", "--yes"), "boiler has no point 'set_point' - did you mean 'setpoint'?"),
    (("write", "boiler", "pump=true", "pump=false", "--yes"), "each point can have one value only"),
    (("write", "boiler", "setpoint", "--yes"), "'setpoint' is no NAME=VALUE"),
    (("write", "boiler", "mode=atuo", "--yes"), "mode: no value 'atuo' - did you mean 'auto'?"),
    (("invoke", "boiler", "strat", "--yes"), "boiler has no command 'strat' - did you mean 'start'?"),
    (("invoke", "boiler", "fill", "slowly", "--yes"), "'slowly' is no NAME=VALUE"),
    (("invoke", "boiler", "start", "kg=1", "--yes"), "'start' takes no args"),
    (("invoke", "boiler", "fill", "kgs=1", "--yes"), "'fill' has no argument 'kgs' - did you mean 'kg'?"),
    (("invoke", "boiler", "fill", "kg=1", "kg=2", "--yes"), "kg can have one value only"),
    (("invoke", "boiler", "fill", "kg=1", "--yes"), "'fill' needs lot=text of at most 8 characters"),
    (("invoke", "boiler", "fill", "--yes"), "'fill' needs kg=0 to 500 kg, lot=text of at most 8 characters"),
    (("invoke", "boiler", "fill", "kg=x", "lot=a", "--yes"), "kg takes a number, not 'x'"),
    (("invoke", "boiler", "fill", "kg=nan", "lot=a", "--yes"), "kg takes a number, not 'nan'"),
    (("invoke", "boiler", "fill", "kg=1", "lot=a", "times=1.5", "--yes"), "times takes a whole number, not '1.5'"),
    (("invoke", "boiler", "fill", "kg=1", "lot=a", "rinse=1", "--yes"), "rinse is true or false, not '1'"),
    (("invoke", "boiler", "fill", "mode=fats", "--yes"), "mode: no value 'fats' - did you mean 'fast'?"),
])  # fmt: skip
def test_what_is_not_known_is_answered_with_what_may_be_meant_and_nothing_is_sent(
    api: Api, verb: Verb, arguments: tuple[str, ...], said: str
) -> None:
    answer = verb(*arguments)

    assert (answer.code, answer.err) == (2, f"fieldgate: {said}\n")
    assert api.posted() == []


def test_without_a_terminal_nothing_is_written_unless_it_was_said_before(
    api: Api, verb: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/null") as nobody:  # noqa: PTH123 -- what stdin is, not a file of the test's
        monkeypatch.setattr("sys.stdin", nobody)
        api.tell(READ, result(values={"setpoint": 50.0}))

        said = verb("write", "boiler", "setpoint=55")

    assert said.code == 2
    assert "say --yes" in said.err
    assert [ask.path for ask in api.posted()] == ["/v1/devices/boiler/read"]


def test_a_write_shows_what_will_change_asks_and_shows_what_was_read_back(api: Api, at_terminal: AtTerminal) -> None:
    api.tell(READ, result(values={"setpoint": 50.0}), result(values={"setpoint": 55.0}))
    api.tell(WRITE, result(values={"setpoint": 55.0}))
    terminal = at_terminal("write", "boiler", "setpoint=55")

    terminal.wait_for("Write? [y/N]: ")
    before = [ask.path for ask in api.posted()]
    terminal.type("y\n")
    seen = terminal.end()

    assert "boiler setpoint: 50.0 °C → 55 °C   (may be 20 to 80 °C)\n" in seen.text
    assert before == ["/v1/devices/boiler/read"]
    assert api.posted()[1] == asked(WRITE, {"values": {"setpoint": 55}})
    told, _, read_back = seen.text.partition("read back:\n")
    assert "boiler: done: setpoint = 55.0 °C" in told
    assert read_back.splitlines()[1].split() == ["setpoint", "55.0", "°C", "good"]
    assert seen.code == 0


@pytest.mark.parametrize("answer", [pytest.param("n\n", marks=pytest.mark.slow), "\n", "\x04"])
def test_a_write_that_nobody_agrees_to_is_not_sent(api: Api, at_terminal: AtTerminal, answer: str) -> None:
    api.tell(READ, result(values={"setpoint": 50.0}))
    terminal = at_terminal("write", "boiler", "setpoint=55")

    terminal.wait_for("Write?")
    terminal.type(answer)
    seen = terminal.end()

    assert (seen.code, "nothing was done" in seen.text) == (8, True)
    assert [ask.path for ask in api.posted()] == ["/v1/devices/boiler/read"]


def test_nobody_is_asked_about_a_device_that_can_not_be_reached(api: Api, at_terminal: AtTerminal) -> None:
    api.tell(READ, result("unreachable", reason="no-link", detail="the link is down"))

    seen = at_terminal("write", "boiler", "setpoint=55").end()

    assert (seen.code, "Write?" in seen.text) == (4, False)
    assert "the link is down" in seen.text


def test_several_points_are_one_command(api: Api, verb: Verb) -> None:
    api.tell(WRITE, result(values={"setpoint": 55.0, "mode": "auto"}))
    api.tell(READ, result(values={"setpoint": 55.0, "mode": "auto"}))

    said = verb("write", "boiler", "setpoint=55", "mode=auto", "--yes")

    assert api.posted()[0] == asked(WRITE, {"values": {"setpoint": 55, "mode": "auto"}})
    assert said.out == "setpoint\t55.0\t°C\tgood\nmode\tauto\t\tgood\n"


def test_what_must_be_confirmed_is_asked_for_twice_and_sent_again_with_its_token(
    api: Api, at_terminal: AtTerminal
) -> None:
    api.tell(READ, result(values={"pump": False}))
    api.tell(WRITE, result("rejected", reason="policy", rule="r.confirm", confirm="t1"), result())
    terminal = at_terminal("write", "boiler", "pump=true")

    terminal.wait_for("Write?")
    terminal.type("y\n")
    terminal.wait_for("boiler: pump = true must be confirmed (rule: r.confirm). Confirm it?")
    terminal.type("y\n")
    seen = terminal.end()

    sent = [ask.body for ask in api.posted() if ask.path.endswith("write")]
    assert sent == [{"values": {"pump": True}}, {"values": {"pump": True}, "confirm": "t1"}]
    assert seen.code == 0


def test_what_is_not_confirmed_is_not_sent_again(api: Api, at_terminal: AtTerminal) -> None:
    api.tell(INVOKE, result("rejected", reason="policy", confirm="t1"))
    terminal = at_terminal("invoke", "boiler", "start")

    terminal.wait_for("Let boiler do start (fan first)?")
    terminal.type("y\n")
    terminal.wait_for("Confirm it?")
    terminal.type("n\n")

    assert terminal.end().code == 8
    assert len(api.posted()) == 1


def test_yes_answers_both_questions(api: Api, verb: Verb) -> None:
    api.tell(INVOKE, result("rejected", reason="policy", confirm="t1"), result())

    said = verb("invoke", "boiler", "fill", "kg=3", "lot=007", "--yes")

    body = {"command": "fill", "args": {"kg": 3, "lot": "007"}}
    assert [ask.body for ask in api.posted()] == [body, {**body, "confirm": "t1"}]
    assert said.code == 0


def test_a_refused_write_is_told_with_its_rule_and_nothing_is_read_back(api: Api, verb: Verb) -> None:
    api.tell(WRITE, result("rejected", reason="policy", detail="only at night", rule="devices.boiler.points.setpoint"))

    said = verb("write", "boiler", "setpoint=55", "--yes")

    assert said.code == 8
    told = "fieldgate: boiler: rejected, policy: only at night (rule: devices.boiler.points.setpoint)"
    assert said.err.splitlines()[1:] == [told]
    assert len(api.posted()) == 1


def test_where_nobody_is_asked_what_will_change_is_told_from_the_last_poll(api: Api, verb: Verb) -> None:
    points = {"setpoint": {**SETPOINT, "value": 50.0}, "pump": {**PUMP, "bad": {"reason": "stale"}}, "mode": MODE}
    api.tell("GET /v1/devices/boiler", {"device": "boiler", **BOILER, "points": points})
    api.tell(WRITE, result())
    api.tell(READ, result())

    said = verb("write", "boiler", "setpoint=55", "pump=true", "mode=on", "--yes")

    assert said.err.splitlines()[:3] == [
        "boiler setpoint: 50.0 °C → 55 °C   (may be 20 to 80 °C)",
        "boiler pump: bad, stale → true   (must be confirmed)",
        "boiler mode: not known (not read yet) → on",
    ]
    assert [ask.path.rpartition("/")[2] for ask in api.posted()] == ["write", "read"]


def test_an_unknown_end_is_a_warning_and_an_error(api: Api, verb: Verb) -> None:
    api.tell(WRITE, result("unknown", detail="cut short"))
    api.tell(READ, result("unreachable"))

    said = verb("write", "boiler", "setpoint=55", "--yes")

    assert (said.code, "look at the machine before you repeat it" in said.err) == (5, True)


def test_what_came_of_a_write_is_told_though_nothing_can_be_read_back(api: Api, verb: Verb) -> None:
    api.tell(WRITE, result(values={"setpoint": 55.0}))
    api.tell(READ, (503, error("stopping", "the gateway stops")))

    said = verb("write", "boiler", "setpoint=55", "--yes")

    assert said.code == 0
    assert "not read back: the gateway stops" in said.err
    assert "boiler: done: setpoint = 55.0 °C" in said.err


def test_what_was_really_written_is_told(api: Api, verb: Verb) -> None:
    api.tell(WRITE, result(values={"setpoint": 55.4}))
    api.tell(READ, result(values={"setpoint": 55.4}))

    said = verb("write", "boiler", "setpoint=55.38", "--yes")

    assert "→ 55.38 °C" in said.err
    assert "boiler: done: setpoint = 55.4 °C" in said.err


def test_a_write_as_json_has_what_was_read_back(api: Api, verb: Verb) -> None:
    api.tell(WRITE, result(values={"setpoint": 55.0}))
    api.tell(READ, result(values={"setpoint": 54.9}))

    document = verb("write", "boiler", "setpoint=55", "--yes", "--json").json

    assert (document["status"], document["read_back"]["values"]) == ("done", {"setpoint": 54.9})


def test_without_a_name_the_commands_of_a_device_are_listed(api: Api, verb: Verb) -> None:
    takes = "kg=0 to 500 kg lot=text of at most 8 characters [mode=fast|slow] [rinse=true|false] [times=a whole number]"
    assert verb("invoke", "boiler").out == f"start\t\tfan first\t\nfill\tyes\t\t{takes}\n"
    assert api.posted() == []


def test_arguments_are_what_their_kind_says_and_not_what_they_look_like(api: Api, verb: Verb) -> None:
    api.tell(INVOKE, result(values={"code": "17"}))

    said = verb("invoke", "boiler", "fill", "lot=true", "kg=2.50", "rinse=true", "mode=slow", "times=3", "--yes")

    args = {"lot": "true", "kg": 2.5, "rinse": True, "mode": "slow", "times": 3}
    assert [ask.body for ask in api.posted()] == [{"command": "fill", "args": args}]
    assert (said.code, said.out, said.err) == (0, "code\t17\n", "boiler: done: fill\n")


def test_a_person_is_asked_with_all_that_a_command_will_be_given(api: Api, at_terminal: AtTerminal) -> None:
    api.tell(INVOKE, result())
    terminal = at_terminal("invoke", "boiler", "fill", "lot=A7", "kg=12")

    terminal.wait_for("Let boiler do fill kg=12 kg lot=A7 mode=fast rinse=false times=1?")
    terminal.type("n\n")

    assert terminal.end().code == 8
    assert api.posted() == []


def test_what_makes_no_sense_to_the_gateway_is_wrong_usage(api: Api, verb: Verb) -> None:
    api.tell(INVOKE, (400, error("malformed", "args: too deep")))

    said = verb("invoke", "boiler", "start", "--yes")

    assert (said.code, said.err) == (2, "fieldgate: args: too deep\n")
