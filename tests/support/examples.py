"""How many examples a property is held to: a commit draws some anew each time, the night draws them all."""

import hypothesis

THOROUGH = "thorough"
"""The profile of the night (`--hypothesis-profile`)."""

COMMIT = "commit"

COMMIT_SHARE = 4
"""A commit tries one example of so many: it is drawn anew at each run, so the runs of a week see them all."""

FEW = 8
"""What asks for no more is not shortened."""

DEFAULT = 100
"""As hypothesis."""


def register() -> None:
    """Machines are shared: a slow example is no defect."""
    hypothesis.settings.register_profile(THOROUGH, max_examples=DEFAULT, deadline=None)
    hypothesis.settings.register_profile(COMMIT, max_examples=DEFAULT // COMMIT_SHARE, deadline=None)
    hypothesis.settings.load_profile(COMMIT)


def examples(thorough: int) -> int:
    """For a property that needs more, or can afford fewer, than others."""
    if hypothesis.settings.get_current_profile_name() == THOROUGH:
        return thorough
    return max(min(thorough, FEW), thorough // COMMIT_SHARE)
