"""Ages on a clock that never jumps."""

from gateway.outbox.ages import JUMP_S, JUMPS, Ages, Jump

YEAR_S = 86_400 * 365.0
SESSION = 7


def test_a_row_is_as_old_as_the_steady_clock_says() -> None:
    ages = Ages(SESSION, wall_s=1000.0, steady_s=5.0)
    ages.note(1, 1_010_000, 15.0)
    assert ages.age_s(1, SESSION, 1_010_000, 20.0) == 5.0


def test_a_jump_counts_from_the_row_that_was_stamped_after_it() -> None:
    ages = Ages(SESSION, wall_s=1000.0, steady_s=0.0)
    ages.note(1, 1_000_000, 0.0)
    ages.note(2, int((1010 + YEAR_S) * 1000), 10.0)
    assert ages.age_s(1, SESSION, 1_000_000, 20.0) == 20.0
    assert ages.age_s(2, SESSION, int((1010 + YEAR_S) * 1000), 20.0) == 10.0


def test_rows_of_earlier_sessions_are_judged_by_the_wall_clock_at_the_opening() -> None:
    ages = Ages(SESSION, wall_s=1000.0, steady_s=0.0)
    ages.note(5, int(YEAR_S * 1000), 10.0)
    assert ages.age_s(3, SESSION - 1, 900_000, 20.0) == 120.0
    assert ages.age_s(4, SESSION - 1, 2_000_000, 20.0) < 0


def test_drift_is_no_jump() -> None:
    ages = Ages(SESSION, wall_s=1000.0, steady_s=0.0)
    ages.note(1, int((1000 + JUMP_S) * 1000), 0.0)
    assert ages.age_s(1, SESSION, 1_060_000, 0.0) == -60.0


def test_a_row_that_is_noted_again_changes_nothing() -> None:
    ages = Ages(SESSION, wall_s=0.0, steady_s=0.0)
    ages.note(1, 0, 0.0)
    ages.note(2, 1_000_000, 0.0)
    ages.note(1, 0, 0.0)
    ages.note(3, 1_000_000, 0.0)
    assert ages.age_s(3, SESSION, 1_000_000, 10.0) == 10.0


def test_a_clock_that_never_stops_jumping_takes_no_more_memory() -> None:
    ages = Ages(SESSION, wall_s=0.0, steady_s=0.0)
    for row in range(1, 1000):
        ages.note(row, row % 2 * 1_000_000, 0.0)
    assert len(ages.jumps) == JUMPS
    assert ages.age_s(999, SESSION, 1_000_000, 10.0) == 10.0


def test_rows_of_this_boot_are_judged_by_what_its_earlier_sessions_have_noted() -> None:
    noted = [Jump(1, 1000.0), Jump(5, 1000.0 + YEAR_S)]
    ages = Ages(SESSION, wall_s=50.0, steady_s=100.0, noted=noted, boot_from=1)
    assert ages.age_s(3, SESSION - 1, 1_010_000, 110.0) == 100.0
    assert ages.age_s(6, SESSION - 1, int((1020 + YEAR_S) * 1000), 110.0) == 90.0


def test_a_jump_while_the_gateway_was_stopped_counts_from_its_first_row_afterwards() -> None:
    ages = Ages(SESSION, wall_s=1100.0 + YEAR_S, steady_s=100.0, noted=[Jump(1, 1000.0)], boot_from=1)
    ages.note(8, int((1110 + YEAR_S) * 1000), 110.0)
    assert ages.age_s(7, SESSION - 1, 1_050_000, 110.0) == 60.0
    assert ages.age_s(8, SESSION, int((1110 + YEAR_S) * 1000), 120.0) == 10.0


def test_what_a_wrong_clock_stamped_in_another_boot_is_as_old_as_this_opening() -> None:
    ages = Ages(SESSION, wall_s=YEAR_S * 50, steady_s=100.0, boot_from=9)
    assert ages.age_s(3, SESSION - 1, 35_000, 130.0, unsynced=True) == 30.0
    assert ages.age_s(3, SESSION - 1, 35_000, 130.0) > YEAR_S


def test_while_the_clock_is_not_believed_rows_of_other_boots_are_as_old_as_this_opening() -> None:
    ages = Ages(SESSION, wall_s=YEAR_S * 50, steady_s=100.0, boot_from=9, believed=False)
    assert ages.age_s(3, SESSION - 1, 35_000, 130.0) == 30.0


def test_once_the_clock_is_believed_rows_of_other_boots_are_judged_by_it() -> None:
    ages = Ages(SESSION, wall_s=35.0, steady_s=100.0, boot_from=9, believed=False)
    ages.believe(wall_s=YEAR_S, steady_s=200.0)
    assert ages.age_s(3, SESSION - 1, int((YEAR_S - 60) * 1000), 230.0) == 90.0
