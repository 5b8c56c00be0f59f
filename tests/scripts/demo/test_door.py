from scripts.lib.demo.door import Door


def test_it_is_locked_until_it_is_opened_and_again_when_its_time_is_over() -> None:
    door = Door()
    locked = [door.locked]
    door.open_for_s = 3.0
    for passed_s in (2.9, 0.2):
        door.run(passed_s)
        locked.append(door.locked)
    assert locked == [True, False, True]
