"""What decides how numbers round."""

from ganbench.environment import changed, describe


def test_nothing_changed_between_two_looks():
    assert changed(describe(), describe()) == []


def test_a_change_is_named_with_both_values():
    now = describe()
    then = now | {"threads": now["threads"] + 5, "packages": now["packages"] | {"torch": "2.6.0"}}
    assert changed(then, now) == [
        f"threads: {now['threads']}, was {now['threads'] + 5}",
        f"torch: {now['packages']['torch']}, was 2.6.0",
    ]


def test_what_does_not_round_does_not_count():
    now = describe()
    assert changed(now | {"host": "other", "command": []}, now) == []
