"""The stable codes of diagnostics: what each means and what to do, in plain words."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """A short title, and an explanation for `fieldgate explain`."""

    title: str
    explanation: str


CODES = {
    "E100": Code(
        "the file cannot be read",
        "The file does not exist, is not a file, is too large, or this user may not read it. Check the path "
        "(it is relative to the current directory) and the permissions with `ls -l`.",
    ),
    "E101": Code(
        "the file is not text",
        "A configuration is UTF-8 text. The file holds bytes that are not UTF-8, or control characters. Save "
        "it again as UTF-8 in your editor. Special characters such as ° are fine in UTF-8.",
    ),
    "E102": Code(
        "the YAML cannot be understood",
        "The file breaks the rules of YAML at this place: a bracket or quote that is not closed, a tab used "
        "to indent, lines that do not line up, or a character that needs quotes. Inside { } a reference must "
        'be quoted: {password: "${secret:name}"}. Only the first such error of a file can be told: what '
        "follows depends on it.",
    ),
    "E103": Code(
        "the file is not a mapping",
        "The top level of a configuration consists of keys and values, beginning with `version: 1`. An empty "
        "file, a list or a lone text is not one. configs/example.yaml shows a complete file.",
    ),
    "E104": Code(
        "unknown key",
        "No such key exists at this place. It may be misspelt, or stand one level too high or too low: check "
        "the indentation. Unknown keys are errors so that a typing error is never silently ignored. "
        "`fieldgate schema --write` gives your editor the list of all keys.",
    ),
    "E105": Code(
        "a required key is missing",
        "The mapping at this place needs the named key. Add it one level below the place shown.",
    ),
    "E106": Code(
        "the value has the wrong type",
        "Another type of value is needed here: text, a number, true or false, a list ([a, b]) or a mapping "
        '(key: value). Numbers where text is meant must be quoted: line: "3".',
    ),
    "E107": Code(
        "the value is not allowed",
        "The type is right, but the value is not one of those allowed, does not follow the pattern, or lies "
        "outside the bounds. The message names what is allowed.",
    ),
    "E108": Code(
        "a key occurs twice",
        "The same key stands twice in one mapping. Most YAML readers silently take the last one; here it is "
        "an error. Remove or rename one of the two places shown.",
    ),
    "E109": Code(
        "several documents in one file",
        "A line `---` begins a second YAML document. Put everything into one document, or use `include:` for "
        "more files.",
    ),
    "E110": Code(
        "a bare yes, no, on or off",
        "YAML 1.1 reads these words as true or false, YAML 1.2 as text, so a bare one is a trap. Write true "
        'or false where a truth value is meant, and quotes where text is meant: {0: "off", 1: "on"}.',
    ),
    "E111": Code(
        "a number with a leading zero",
        "YAML 1.1 reads 010 as 8 (octal), YAML 1.2 as 10. Remove the zero; where text is meant, quote it. A "
        "number that is meant to be octal is written 0o10.",
    ),
    "E112": Code(
        "a bare number with colons",
        "YAML 1.1 reads 12:30 as 750 (base 60). Where text is meant - a time, an address - quote it. "
        "Durations are written with a unit: 90s, 12min.",
    ),
    "E113": Code(
        "a number in an ambiguous notation",
        "YAML 1.1 reads 40_001 as 40001 and 0b11 as 3, YAML 1.2 as text; and a number with dozens of digits "
        "loses some. Write plain decimal or 0x hexadecimal digits; where text is meant, quote it.",
    ),
    "E114": Code(
        "an unknown tag",
        "Tags such as !include or !secret are not used here. More files come in by `include: "
        '[devices/*.yaml]`, secrets by "${secret:name}", variables by "${env:NAME}". A text that begins with '
        "an exclamation mark must be quoted.",
    ),
    "E115": Code(
        "a broken alias or merge key",
        "An alias (*name) must come after its anchor (&name) and may not contain itself; a merge key (<<) "
        "takes a mapping or a list of mappings. A text that begins with * or & must be quoted.",
    ),
    "E116": Code(
        "nested too deeply or too large",
        "The file nests deeper, or its aliases expand to more values, than any real configuration does.",
    ),
    "E117": Code(
        "this cannot be a key",
        "Keys are texts or whole numbers; empty ones, lists and mappings cannot be keys. `{` at the beginning "
        "of a text is read as a mapping: quote the text.",
    ),
    "E118": Code(
        "this cannot be an id",
        "Ids of gateways, endpoints, links, devices and points consist of 1 to 64 of the characters A-Z a-z "
        "0-9 _ and -. They become part of MQTT topics and file names. Put other characters into `description` "
        "or `labels`.",
    ),
    "E119": Code(
        "the values do not fit together",
        "Each value is fine by itself, but the adapter or endpoint refuses them together, or refuses this one "
        "for a reason of its own. The message says which.",
    ),
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
    "E150": Code(
        "a malformed reference",
        "References are ${env:NAME}, ${env:NAME:-default}, ${secret:NAME} and ${file:PATH}. Where the "
        "characters ${ are meant as text, write $${.",
    ),
    "E151": Code(
        "an environment variable is not set",
        "${env:NAME} needs the variable in the daemon's environment: with systemd, Environment= or "
        "EnvironmentFile=. ${env:NAME:-default} gives a default.",
    ),
    "E152": Code(
        "a secret is not defined",
        "${secret:NAME} is read from the file NAME in $CREDENTIALS_DIRECTORY (systemd: LoadCredential=), else "
        "from the key NAME in secrets.yaml beside the main configuration file. It may not be empty.",
    ),
    "E153": Code(
        "a secret where none may stand",
        "${secret:} and ${file:} are only allowed in fields that hold secrets, such as passwords, because all "
        "other fields are shown in status pages and logs. Use ${env:} for other settings.",
    ),
    "E154": Code(
        "others may read secrets.yaml",
        "secrets.yaml must only be readable by its owner: chmod 600 secrets.yaml.",
    ),
    "E155": Code(
        "a secret cannot be read",
        "The file that holds the secret exists but cannot be read, or is not UTF-8 text. It must be readable "
        "by the user that runs the daemon.",
    ),
    "E160": Code(
        "a topic that can't work",
        "In `topics`, {root}, {gateway}, {endpoint}, {device} and {kind} stand for names, and each kind of message has "
        "its own topic. What is about one device needs {device} in it, or nobody could tell whose it is; what is about "
        "the whole gateway has none. In `command`, {device} must be a level of its own. A topic to publish on has no + "
        "and no #, and neither have `root` and `reply_prefix`. docs/mqtt.md shows examples.",
    ),
    "E161": Code(
        "two kinds of message with one topic",
        "A broker keeps one retained message of each topic: with one topic for status and birth, each would overwrite "
        "the other. And what comes on a command's topic is taken for a command. Give each kind a topic of its own; "
        "{kind} in the template does so.",
    ),
    "E165": Code(
        "half of a certificate and its key",
        "A client certificate is worth nothing without the private key it was made with, and the other way round. Give "
        "`tls: {cert: client.pem, key: client.key}`, or as `cert` one PEM file that holds both. docs/reaching.md shows "
        "how to make them.",
    ),
    "E166": Code(
        "settings of TLS where none is spoken",
        "mqtt:// and ws:// are without TLS, so what stands under `tls` would be silently ignored. Write mqtts:// (port "
        "8883 unless given) or wss:// (port 443), or remove `tls`.",
    ),
    "E167": Code(
        "not a proxy that can be asked",
        "A proxy is http://HOST:PORT (it is asked with CONNECT) or socks5://HOST:PORT (1080 unless given); its login "
        "goes into `username` and `password`. A proxy that speaks TLS itself (https://) is not supported: the TLS to "
        "the broker runs through the proxy untouched.",
    ),
    "E168": Code(
        "a connection string that opens no hub",
        "Azure's portal shows a device's own connection string on the device's page: HostName=...;DeviceId=...; and "
        "SharedAccessKey=..., or x509=true where a certificate opens the hub. One with SharedAccessKeyName opens the "
        "whole hub and is nothing for a box in the field. Put it into secrets.yaml, whole and in quotes. What it holds "
        "is never shown.",
    ),
    "E169": Code(
        "who we are at the hub is not clear",
        "A gateway proves who it is in one way: by a `connection_string`; or by `host` and `device_id` with `key` or a "
        "client certificate (`tls: {cert, key}`); or by `dps`, which assigns hub and device, with a key or a "
        "certificate. docs/azure.md shows each.",
    ),
    "E170": Code(
        "not a symmetric key",
        "Keys of hubs and of device provisioning are base64: letters, digits, + and /, and mostly = at the end. One "
        "that is cut off when it is copied is not. Copy it again from the portal.",
    ),
    "E171": Code(
        "not the name of a hub, device or registration",
        "A hub is named by its full host name, without https:// and port, and so is a provisioning service, whose id "
        "scope is on its page in the portal. Registration ids are written in small letters. The ids of devices have "
        "letters, digits and some marks; over MQTT none may have + # or / in it, which mean something in topics: "
        "register the gateway under another id.",
    ),
    "E172": Code(
        "not a way to a hub",
        "`connect` says where TCP goes where it can't go to the hub's port 8883: HOST:PORT; or ws for WebSocket on "
        "port 443, which most firewalls let through; or ws:PORT, or ws:HOST:PORT. Tokens, and the name that the hub's "
        "certificate must have, stay the hub's.",
    ),
    "E173": Code(
        "an endpoint names a device that does not exist",
        "`devices` of an endpoint lists whose data goes there, and who can be commanded from there, by the ids of "
        "`devices`, in this file or an included one.",
    ),
    "E174": Code(
        "an endpoint's choices contradict each other",
        "What goes to an endpoint is chosen by `only`, `devices` and `points`, and how often by `report`. Here one of "
        "them chooses among what another one leaves out, so that it could never matter. The message says which.",
    ),
    "E175": Code(
        "an endpoint chooses points that do not exist",
        "An entry of `points` is POINT, for that of any device, or DEVICE.POINT; * stands for any text. It must fit at "
        "least one point of a device that goes to this endpoint: with `devices`, of one of those.",
    ),
    "W201": Code(
        "a link has no devices",
        "Nothing is read over this link. Remove it, or give it devices.",
    ),
    "W202": Code(
        "no endpoint",
        "Without an endpoint nothing is stored or sent; readings are only shown locally.",
    ),
    "W203": Code(
        "a secret stands in the configuration",
        'The file is shown, copied and backed up more freely than a secret should be. Write "${secret:name}" '
        "and put the secret into secrets.yaml (mode 0600) or a systemd credential.",
    ),
    "W204": Code(
        "an include pattern matches nothing",
        "No file matches the pattern. It is relative to the main file.",
    ),
    "W205": Code(
        "no devices",
        "There is nothing to read.",
    ),
    "W206": Code(
        "the outboxes may outgrow the disk",
        "Together the outboxes may become larger (`max_size`, for each endpoint) than what is free for them on the "
        "file system of the state directory, with what they take there already. In a long outage the disk would be "
        "full before the limits hold: new readings would only be kept in memory, and other programs would find no "
        "room either. Lower `outbox: max_size`, make room, or put the state directory on a larger disk (--state-dir).",
    ),
    "W207": Code(
        "another port or radio may have this name after a restart",
        "Linux counts USB ports in the order in which it finds them: after a restart, or when an adapter is plugged in "
        "again, /dev/ttyUSB0 may be another one, and with it another device answers in place of the one that is meant. "
        "`ls -l /dev/serial/by-id` shows names that stay with an adapter. Where two adapters are of one make without "
        "serial numbers, /dev/serial/by-path has names that stay with the socket. A name of your own, made by a udev "
        "rule, does as well. Bluetooth radios are counted in the same way: hci0 may be another one tomorrow. A radio's "
        "address stays its own; `bluetoothctl list` shows it.",
    ),
    "W208": Code(
        "more is polled than there is time for",
        "`fieldgate check` prints what each device asks of its line, and how much of the line's time that takes. Above "
        "100 % polls are skipped (and counted), so that values come less often than `every` says. Poll less often, "
        "name fewer points, give addresses that lie close together, raise the baud rate on the line and all of its "
        "devices, or divide the devices among two lines. A Bluetooth radio has few connections at a time "
        "(`connections`): keep fewer of them, let them go sooner (`gatt: idle`), or add a second radio.",
    ),
    "W209": Code(
        "an address that is hardly meant",
        "It is allowed, but hardly ever right: a reserved unit id, the same points of the same unit read twice, "
        "or a port where devices speak something else. Compare it with what is set on the device.",
    ),
    "W210": Code(
        "the adapter advises otherwise",
        "The adapter of this link finds something in the configuration that is valid, but may not do what is meant. "
        "Its sentence says what; its documentation says more.",
    ),
    "W220": Code(
        "a password goes over the line in the clear",
        "Without TLS everybody on the way can read user name and password, and then speak in this gateway's name: send "
        "false readings, and commands to its devices where the broker allows it. Use mqtts:// or wss://, with `tls: "
        "{ca: ...}` where the broker's certificate is signed by an authority of your own.",
    ),
    "W223": Code(
        "a certificate expires",
        "From that day on the far end refuses the connection, and nothing is sent. Have a new certificate signed and "
        "put it and its key in the place of the old ones: they are read anew without a restart. docs/reaching.md shows "
        "how. If the date is far off, look at this machine's clock (`timedatectl`).",
    ),
    "W224": Code(
        "a certificate or key can't be used",
        "A file under `tls` can't be read by this user, is not PEM, does not fit the other one, or needs a password. "
        "As it stands no connection will be made. If only this user may not read it: run the check as the user that "
        "runs the daemon.",
    ),
}
"""By code: E1xx are errors, W2xx warnings. A code never changes its meaning."""
