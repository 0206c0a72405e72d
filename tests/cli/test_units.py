"""mailstrata.cli.units: numbers as people read them."""

from __future__ import annotations

import pytest

from mailstrata.cli.units import format_bytes, format_count, format_duration, format_share


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (50 * 10**9, "50.0 GB"),
        (10**21, "1000 EB"),
    ],
)
def test_bytes_have_three_digits_and_a_unit(count: int, text: str) -> None:
    """A size never shows as 1000 of a unit that has a larger one."""
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3725, "1 h 2 min")],
)
def test_durations_round_to_what_matters(seconds: float, text: str) -> None:
    """There is never a 60th second or minute."""
    assert format_duration(seconds) == text


def test_counts_agree_with_their_noun() -> None:
    """One message, but 1,000 messages."""
    assert format_count(1, "message") == "1 message"
    assert format_count(1000, "message") == "1,000 messages"
    assert format_count(0, "mailbox", "mailboxes") == "0 mailboxes"


def test_a_share_of_nothing_is_no_division_by_zero() -> None:
    """An empty archive has saved nothing."""
    assert format_share(0, 0) == "0 %"
    assert format_share(1, 4) == "25 %"
