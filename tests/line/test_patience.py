from gateway.line.patience import (
    DEAD_AFTER_FAILURES,
    DEAD_AFTER_S,
    PAUSE_MAX_S,
    PAUSE_MIN_S,
    Patience,
)


def fail(patience: Patience, times: int, start_s: float, each_s: float, cost_s: float = 0.0) -> float:
    for _ in range(times):
        start_s += each_s
        patience.failed(start_s, cost_s)
    return start_s


def test_two_failures_are_no_death_however_far_apart() -> None:
    patience = Patience()
    now_s = fail(patience, DEAD_AFTER_FAILURES - 1, 0.0, 1000.0)
    assert not patience.dead
    assert patience.ready(now_s)


def test_many_failures_within_a_hiccup_are_no_death() -> None:
    patience = Patience()
    now_s = fail(patience, 50, 0.0, DEAD_AFTER_S / 100)
    assert not patience.dead
    assert patience.ready(now_s)


def test_pauses_double_up_to_their_bound() -> None:
    patience = Patience()
    now_s = fail(patience, DEAD_AFTER_FAILURES, 0.0, DEAD_AFTER_S)
    pauses = []
    for _ in range(8):
        low_s, high_s = 0.0, 2 * PAUSE_MAX_S
        while high_s - low_s > 0.001:
            middle_s = (low_s + high_s) / 2
            low_s, high_s = (low_s, middle_s) if patience.ready(now_s + middle_s) else (middle_s, high_s)
        pauses.append(round(high_s, 2))
        now_s = fail(patience, 1, now_s, high_s)
    assert pauses == [PAUSE_MIN_S, 2.0, 4.0, 8.0, 16.0, PAUSE_MAX_S, PAUSE_MAX_S, PAUSE_MAX_S]


def test_an_answer_makes_good_for_everything() -> None:
    patience = Patience()
    now_s = fail(patience, 20, 0.0, 1.0)
    patience.answered()
    assert patience.ready(now_s)
    assert not patience.dead
    assert patience.failures == 0
