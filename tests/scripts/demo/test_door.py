from scripts.lib.demo.door import Door


def test_it_is_locked_until_it_is_opened_and_again_when_its_time_is_over() -> None:
    door = Door()
    assert door.locked
    door.open_for_s = 3.0
    door.run(2.9)
    assert not door.locked
    door.run(0.2)
    assert door.locked
