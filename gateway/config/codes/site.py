"""What can be wrong with a site as a whole: its ids, links, devices and what they claim."""

from __future__ import annotations

from gateway.config.codes.code import Code

SITE = {
    "E120": Code(
        "unknown version of the configuration",
        "`version` names the version of the configuration's format, not of the program. This build reads version 1.",
    ),
    "E121": Code(
        "an included file does not exist",
        "An `include` pattern without a wildcard names a file that does not exist. Patterns are relative to "
        "the main file. A pattern with * or ? may match nothing: that is a warning.",
    ),
    "E122": Code(
        "an id is defined twice",
        "Two files define the same link, device or endpoint. Nothing is overridden: rename or remove one of the two.",
    ),
    "E123": Code(
        "this does not belong into an included file",
        "Included files may hold `links`, `devices` and `endpoints`. Everything else stands in the main file.",
    ),
    "E130": Code(
        "a quantity without its unit",
        "Durations, sizes and rates carry their unit: 500ms 1s 10min 1h 30d, 64KiB 512MiB, 200/s. A bare "
        "number would be a guess between seconds and milliseconds.",
    ),
    "E131": Code(
        "a device names a link that does not exist",
        "`link` must be the id of one of the `links`, in this file or an included one.",
    ),
    "E132": Code(
        "no such adapter or endpoint type",
        "`adapter` of a link and `type` of an endpoint name something that is installed. Check the spelling; "
        "adapters from other packages must be installed into the same Python environment as fieldgate.",
    ),
    "E133": Code(
        "an adapter or endpoint cannot be loaded",
        "It is installed, but importing it failed. The message names the package and the reason. Reinstall or "
        "remove it.",
    ),
    "E134": Code(
        "the range is upside down",
        "`range` is [low, high]; low may not be above high.",
    ),
    "E135": Code(
        "the write limits are upside down",
        "In `writable`, `min` may not be above `max`.",
    ),
    "E136": Code(
        "two enum values have the same label",
        "Labels of an enum must differ, or a command that writes the label could mean either raw value.",
    ),
    "E137": Code(
        "the reconnect pauses are upside down",
        "In `reconnect`, `min` may not be above `max`.",
    ),
    "E138": Code(
        "a period of zero",
        "This duration must be longer than zero.",
    ),
    "E139": Code(
        "the phase is not within the period",
        "`phase` moves polls aside on their grid, so it must be shorter than `every`.",
    ),
    "E140": Code(
        "unknown time zone",
        "`timezone` is a name from the IANA time zone database, such as Europe/Berlin or UTC.",
    ),
    "E141": Code(
        "a named file does not exist",
        "The configuration names a file, such as a certificate, that does not exist. Relative paths start at "
        "the directory of the configuration file that names them.",
    ),
    "E142": Code(
        "a password without its user",
        "A login consists of `username` and `password`. MQTT 3.1.1 knows no password alone. Add `username`, or remove "
        "`password`.",
    ),
    "E143": Code(
        "two endpoints claim what only one can have",
        "Such as one client_id at one broker: each of their connections would end the other's, for ever. Leave "
        "`client_id` out, and each endpoint has its own. Or a topic at one broker: each would overwrite what the other "
        "says of its state, and every command would be carried out twice. Give one of them another `root`, or `topics` "
        "of its own. Or the outbox of an endpoint that had another name (`was`): what waits in it can go one way only.",
    ),
    "E144": Code(
        "the name before is another endpoint's now",
        "`was: NAME` gives an endpoint the outbox of the name that it had. Here an endpoint of that name is there, "
        "and its outbox is in use. Remove `was`, or the endpoint of that name.",
    ),
    "E145": Code(
        "a device names an endpoint that does not exist",
        "`endpoint` in `on_uplink_lost` must be the id of one of the `endpoints`. Without it the loss of all "
        "of them counts.",
    ),
    "E146": Code(
        "nobody can answer there",
        "The address is one that no device has, or that no device answers to. On a serial line of Modbus devices, for "
        "instance, unit id 0 speaks to all of them at once, and none of them may answer. Give the device the address "
        "that is set on it.",
    ),
    "E147": Code(
        "two links claim what only one can have",
        "Such as one serial port: what is on one line belongs to one link, or requests would run into each other. Name "
        "the port once, and give all of its devices that link.",
    ),
    "E148": Code(
        "it can't work so",
        "What is described contradicts itself, such as two messages of one line that the same frame would fit, a "
        "length field beyond the frame, a point made from a group that the pattern does not have, or a place in what "
        "is sent that nothing fills. The adapter says which, and what to write instead.",
    ),
}
