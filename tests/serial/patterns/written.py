"""Patterns as hypothesis writes them, over few characters so that texts fit them by chance."""

from __future__ import annotations

from hypothesis import strategies as st

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "1",
        r"\d",
        "[ab]",
        "[^a]",
        ".",
        r"\s",
        "[0-9a]",
        r"[\db]",
        "(?i:A)",
        r"\x61",
        "^",
        "$",
        r"\b",
        "[[:alpha:]]",
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS = st.text("ab1 A\n", max_size=6)
