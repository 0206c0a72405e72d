"""Reading skeletons, whole and damaged."""

from itertools import repeat

import pytest
from support.decoding import split
from support.stripping import leaf, multipart, strip

from mailstrata.errors import StrippedMailError
from mailstrata.stripping import Placeholder, placeholders
from mailstrata.stripping.placeholder import MARKER, MAX_OUTER_HEADER_BYTES
from mailstrata.stripping.skeleton import SkeletonReader

PARTS = [leaf(b"x" * 300, b"application/pdf; name=a.pdf"), leaf(b"y" * 300, b"image/png", fields=b"Content-ID: <y>\n")]
STRIPPED = strip(b"Subject: access-type=x-mailstrata\n" + multipart(*PARTS))
SKELETON = STRIPPED.skeleton


def read(data, pieces=()):
    """All that a reader gives, adjacent bytes joined."""
    reader = SkeletonReader()
    found = []
    for item in [item for piece in split(data, pieces) for item in reader.feed(piece)] + reader.close():
        assert item
        if found and isinstance(item, bytes) and isinstance(found[-1], bytes):
            found[-1] += item
        else:
            found.append(item)
    return found


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_pieces_of_any_size(size):
    """Bytes and placeholders come in order, the same for any split."""
    first, second = STRIPPED.parts
    found = read(SKELETON, repeat(size))
    assert found == read(SKELETON)
    assert [type(item) for item in found] == [bytes, Placeholder, bytes, Placeholder, bytes]
    assert [found[1].sha256, found[3].sha256] == [first.sha256, second.sha256]
    assert [found[1].recipe, found[3].recipe] == [first.recipe, second.recipe]
    assert [found[1].size, found[3].size] == [300, 300]
    assert found[0] == b"Subject: access-type=x-mailstrata\n" + multipart(*PARTS).split(b"eHh4")[0]
    assert b"mailstrata" not in found[2] + found[4]


def test_placeholders():
    """Which blobs a skeleton needs is told without them."""
    assert [found.sha256 for found in placeholders(split(SKELETON, [100, 5]))] == list(STRIPPED.blobs)
    assert list(placeholders([b"Subject: x\n\nnothing\n"])) == []
    assert list(placeholders([])) == []


def test_a_skeleton_that_was_cut_short():
    """Cut anywhere within a placeholder, up to the end of the part's header, it is refused; elsewhere that cannot be
    told."""
    starts = [at for at in range(len(SKELETON)) if SKELETON.startswith(MARKER, at)]
    assert len(starts) == 2
    for start, info in zip(starts, placeholders([SKELETON]), strict=True):
        end = SKELETON.index(b"\n\n", start) + 2 + info.added_bytes + info.header_bytes
        for cut in (start + len(MARKER), start + len(MARKER) + 1, end - info.header_bytes, end - 1):
            with pytest.raises(StrippedMailError, match=f"ends within the placeholder at its byte {start};"):
                read(SKELETON[:cut])
        # The words of the marker without what ends it are just as wrong.
        with pytest.raises(StrippedMailError, match=f"byte {start + len(MARKER) - 25} of a stripped message"):
            read(SKELETON[: start + len(MARKER) - 1])
        read(SKELETON[:end])
    read(SKELETON[: starts[0] + 10])


@pytest.mark.parametrize("pieces", [[], repeat(1)])
def test_words_that_nobody_escaped(pieces):
    """The words of the marker where no placeholder is, and not escaped, are no skeleton of ours."""
    for data in (
        b"x\naccess-type=x-mailstrata;",
        b"x\naccess-type=x-mailstrata",
        b"Content-Type: message/external-body;  access-type=x-mailstrata; size=1",
    ):
        at = data.index(b"access")
        with pytest.raises(StrippedMailError, match=f"byte {at} of"):
            read(data, pieces)


def test_an_outer_header_without_end():
    """An outer header that does not end is refused before it fills the memory."""
    reader = SkeletonReader()
    reader.feed(b"Subject: x\n" + MARKER)
    line = b" x" * 500 + b"\n"
    with pytest.raises(StrippedMailError, match=r"at byte 11 .* has no end"):
        for _ in range(MAX_OUTER_HEADER_BYTES // len(line) + 1):
            reader.feed(line)
