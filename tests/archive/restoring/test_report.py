from __future__ import annotations

from mailstrata.archive.restoring.report import MOST_LISTED, Listed


def test_everything_is_counted_and_the_first_are_listed() -> None:
    """So that a million of them take no more memory than a thousand."""
    listed: Listed[int] = Listed()
    for number in range(MOST_LISTED + 3):
        listed.add(number)
    assert list(listed) == list(range(MOST_LISTED))
    assert len(listed) == MOST_LISTED + 3
