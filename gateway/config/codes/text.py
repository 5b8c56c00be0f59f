"""What can be wrong with the text of a file: YAML, keys and values."""

from __future__ import annotations

from gateway.config.codes.code import Code

TEXT = {
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
}
