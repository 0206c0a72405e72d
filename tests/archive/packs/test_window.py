from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.archive.packs import window as module
from mailstrata.archive.packs.tar_format import END_OF_ARCHIVE
from mailstrata.archive.packs.window import FrameContent, Window


def names(frames: list[FrameContent]) -> list[list[str]]:
    return [[name for name, _, _ in frame.members] for frame in frames]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=2), st.integers(0, 3000)), max_size=30))
def test_what_is_held_comes_out_once(members: list[tuple[str, bytes, int]]) -> None:
    """Every member, with header and padding, at the offset that is stated; nothing is held afterwards."""
    window = Window()
    contents = {}
    for number, (group, order, size) in enumerate(members):
        contents[f"{group}/{number}"] = bytes([number]) * size
        window.add(group, f"{group}/{number}", contents[f"{group}/{number}"], order)
    assert window.held == sum(map(len, contents.values()))
    frames = list(window.take_all())
    assert (window.held, window.cost) == (0, 0)
    found = {}
    for content, listed in frames:
        for name, offset, size in listed:
            assert name not in found
            found[name] = content[offset : offset + size]
    assert found == contents
    tar = b"".join(content for content, _ in frames) + END_OF_ARCHIVE
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        assert sorted(opened.getnames()) == sorted(contents)


def test_what_has_the_same_key_stands_side_by_side() -> None:
    """At the place of the first of them; else the order is that in which they came."""
    window = Window()
    for number, order in enumerate([b"z", b"a", b"", b"z", b"m", b"a", b""]):
        window.add("mail", str(number), b"", order)
    assert names(list(window.take_all())) == [["0", "3", "1", "5", "2", "6", "4"]]


def test_frames_are_full_and_even(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few frames as there can be, of about the same size, none larger than allowed."""
    monkeypatch.setattr(module, "LARGE_FRAME", 100 * 1024)
    window = Window()
    for number in range(250):
        window.add("mail", str(number), b"x" * 512, b"")
    sizes = [len(content) for content, _ in window.take_all()]
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) <= 2048


def test_a_member_that_does_not_fit_begins_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame is larger than allowed, whatever the sizes of its members."""
    monkeypatch.setattr(module, "LARGE_FRAME", 10 * 512)
    window = Window()
    for number in range(12):
        window.add("mail", str(number), bytes(512 * (1 + number * 5 % 8)), b"")
    frames = list(window.take_all())
    assert max(len(content) for content, _ in frames) <= 10 * 512
    assert [name for listed in names(frames) for name in listed] == [str(number) for number in range(12)]


def test_the_largest_group_goes_when_the_window_is_full() -> None:
    """The others stay; many tiny members fill it as well, by what each of them costs."""
    window = Window(1 << 20)
    window.add("blobs", "blob", b"x" * 1000, b"")
    number = 0
    while not window.is_full:
        window.add("mail", str(number), b"", b"")
        number += 1
    assert number < 1024
    assert sum(len(frame.members) for frame in window.take_largest()) == number
    assert not window.is_full
    assert window.held == 1000
    assert names(list(window.take_all())) == [["blob"]]


def test_last_frames_are_joined_as_far_as_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups follow each other; a full frame is nobody's last."""
    monkeypatch.setattr(module, "LARGE_FRAME", 8 * 1024)
    window = Window()
    for group, count in (("mail", 10), ("blobs", 2), ("sources", 2)):
        for number in range(count):
            window.add(group, f"{group}{number}", b"x" * 512, b"")
    found = names(list(window.take_all()))
    mail = [f"mail{number}" for number in range(10)]
    assert found == [mail[:5], [*mail[5:], "blobs0", "blobs1"], ["sources0", "sources1"]]
