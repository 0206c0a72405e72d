"""Unstripping, and what it refuses."""

import pytest
from support.stripping import leaf, multipart, strip

from mailstrata.errors import StrippedMailError, UsageError
from mailstrata.stripping import Unstripper

CONTENT = bytes(range(256)) * 4
DATA = b"Subject: x\n" + multipart(
    leaf(CONTENT, b"application/pdf"), leaf(CONTENT[:-1], b"image/png", encoding=b"binary")
)
STRIPPED = strip(DATA)
FIRST, SECOND = STRIPPED.blobs


def unstrip(blobs, skeleton=STRIPPED.skeleton):
    """The message, out of blobs that come byte by byte."""
    unstripper = Unstripper(lambda digest: (blobs[digest][at : at + 1] for at in range(len(blobs[digest]))))
    return b"".join([*unstripper.feed(skeleton), *unstripper.close()])


def test_blobs_in_pieces_of_any_size():
    """The pieces in which a blob comes do not matter."""
    assert unstrip(STRIPPED.blobs) == DATA


@pytest.mark.parametrize("digest", [FIRST, SECOND])
def test_a_blob_of_another_size(digest):
    """A blob that is shorter or longer than its placeholder says is refused, whatever the recipe makes of it."""
    for content in (STRIPPED.blobs[digest][:-1], STRIPPED.blobs[digest] + b"x", b""):
        with pytest.raises(StrippedMailError, match=r"blob|content"):
            unstrip({**STRIPPED.blobs, digest: content})


def test_a_blob_that_the_placeholder_lies_about():
    """A size that does not fit is refused even where the recipe would take the content."""
    for size in (b"1022", b"1024"):
        with pytest.raises(StrippedMailError, match=f"{SECOND} has (more|1023) bytes instead of the {size.decode()} "):
            unstrip(STRIPPED.blobs, STRIPPED.skeleton.replace(b"size=1023;", b"size=%b;" % size))


def test_a_recipe_that_is_none():
    """A placeholder with a recipe that nobody can follow is refused."""
    skeleton = STRIPPED.skeleton.replace(b'recipe="identity"', b'recipe="rot13"')
    with pytest.raises(StrippedMailError, match="rot13"):
        unstrip(STRIPPED.blobs, skeleton)


def test_a_blob_that_is_not_there():
    """What the reader of blobs raises passes through."""
    with pytest.raises(KeyError, match=FIRST):
        unstrip({})


def test_what_is_not_taken_comes_later():
    """An iterator that was dropped half-way, also within a body, loses nothing."""
    unstripper = Unstripper(lambda digest: [STRIPPED.blobs[digest]])
    found = []
    for at in range(0, len(STRIPPED.skeleton), 50):
        for piece in unstripper.feed(STRIPPED.skeleton[at : at + 50]):
            found.append(piece)
            break
    found += unstripper.close()
    assert b"".join(found) == DATA


def test_blobs_are_read_one_after_the_other():
    """A blob is asked for when its place has come, not before."""
    asked = []

    def read_blob(digest):
        asked.append(digest)
        return [STRIPPED.blobs[digest]]

    pieces = Unstripper(read_blob).feed(STRIPPED.skeleton)
    assert asked == []
    while not asked:
        next(pieces)
    assert asked == [FIRST]
    for _ in pieces:
        pass
    assert asked == [FIRST, SECOND]


def test_a_closed_unstripper():
    """After close, nothing can be fed or closed again."""
    unstripper = Unstripper({}.__getitem__)
    assert list(unstripper.close()) == []
    with pytest.raises(UsageError):
        unstripper.feed(b"x")
    with pytest.raises(UsageError):
        unstripper.close()


def test_a_skeleton_that_ends_in_a_placeholder():
    """A skeleton that was cut short is refused at the end, not taken for a shorter message."""
    cut = STRIPPED.skeleton.index(b"Content-Type: image/png")
    unstripper = Unstripper(lambda digest: [STRIPPED.blobs[digest]])
    for _ in unstripper.feed(STRIPPED.skeleton[:cut]):
        pass
    with pytest.raises(StrippedMailError, match="ends within the placeholder"):
        unstripper.close()
