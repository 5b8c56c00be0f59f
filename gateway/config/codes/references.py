"""What can be wrong with references, and with secrets above all."""

from __future__ import annotations

from gateway.config.codes.code import Code

REFERENCES = {
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
}
