"""What can be wrong with endpoints: topics, TLS, proxies, identities and choices."""

from __future__ import annotations

from gateway.config.codes.code import Code

ENDPOINTS = {
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
}
