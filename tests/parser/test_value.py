"""mailstrata.parser.value: plain classes behave as the dataclasses that they stand for."""

from __future__ import annotations

import copy
import pickle

import pytest

from mailstrata.message.origin import Failure, FileInfo, FolderInfo, SourceInfo
from mailstrata.parser.limits import Limits

VALUES = [
    SourceInfo("a.mbox", b"/a.mbox", "mbox"),
    FileInfo(b"cur/1", folder="INBOX", flags="S", mode=0o600, mtime_ns=5, size=7, quoting="mboxrd"),
    FolderInfo(b"", 0o700),
    Limits(depth=3, message_bytes=1 << 20),
]


@pytest.mark.parametrize("value", VALUES)
def test_values_are_equal_by_what_they_hold(value):
    """Copies and what was pickled are equal and have the same hash, another class and another value are not."""
    for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert same == value
        assert hash(same) == hash(value)
        assert repr(same) == repr(value)
    assert all(other is value or other != value for other in [*VALUES, object(), None])
    assert {value: 1}[copy.copy(value)] == 1


@pytest.mark.parametrize("value", VALUES)
def test_values_stay_as_they_were_made(value):
    """No attribute can be set, deleted or added."""
    before = copy.copy(value)
    for name in (type(value).__slots__[0], "other"):
        with pytest.raises(AttributeError, match=name):
            setattr(value, name, None)
        with pytest.raises(AttributeError, match=name):
            delattr(value, name)
    assert value == before
    assert not hasattr(value, "__dict__")


def test_values_show_what_they_hold():
    """In the order in which they take it."""
    assert repr(VALUES[0]) == "SourceInfo(label='a.mbox', path=b'/a.mbox', kind='mbox')"


def test_records_can_be_changed_and_are_no_keys():
    """A record is compared by what it holds at that moment."""
    error = ValueError()
    failure = Failure("a", error)
    assert failure == Failure("a", error)
    failure.name = b"b"
    assert failure == Failure("a", error, b"b")
    assert failure != Failure("a", error)
    with pytest.raises(TypeError, match="unhashable"):
        hash(failure)


def test_limits_but_for_some():
    """Other limits are kept, and what no limit can be is refused as ever."""
    limits = Limits(depth=3, decoded_bytes=9)
    assert limits.replace(depth=1) == Limits(depth=1, decoded_bytes=9)
    assert limits.depth == 3
    with pytest.raises(ValueError, match=r"Limits\.parts must be at least 1, not 0"):
        limits.replace(parts=0)
    with pytest.raises(TypeError, match="width"):
        limits.replace(width=1)
    with pytest.raises(TypeError):
        Limits(3)
