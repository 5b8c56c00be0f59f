"""What is valid, and hardly what was meant."""

from __future__ import annotations

from gateway.config.codes.code import Code

WARNINGS = {
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
