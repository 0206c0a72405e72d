"""The stripper, called as a sink is, and what becomes of one leaf."""

import base64
import hashlib
import random
from itertools import repeat

import pytest
from support.stripping import EVERYTHING, MemoryBlob, leaf, multipart, round_trip, strip

from mailstrata.errors import TargetError, UsageError
from mailstrata.message.headers import Headers
from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.parser.entity import Entity
from mailstrata.parser.limits import Limits
from mailstrata.sinks.protocol import RawKind
from mailstrata.stripping import ARCHIVE_POLICY, StripCounts, Stripper, StripPolicy
from mailstrata.stripping.leaf import MAX_HELD_BYTES

CONTENT = random.Random(3).randbytes(600)
BODY = base64.encodebytes(CONTENT)
HEADER = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
IRREGULAR = b"".join(
    b"%b\n" % base64.b64encode(CONTENT[at % 600 : at % 600 + 9 + at * at % 40]).rstrip(b"=") for at in range(1500)
)
"""Base64 lines of ever different lengths: no recipe is short enough."""


class Calls:
    """A stripper, and a message of one leaf to call it with."""

    def __init__(self, policy=EVERYTHING, header=HEADER, encoding="base64"):
        self.written = []
        self.blobs = []
        self.stripper = Stripper(policy, self.written.append, self._new_blob)
        entity = Entity(None, 1, 0, 0)
        entity.content_type = "image/png"
        entity.encoding = encoding
        self.part = PartInfo(entity, Headers(header), None)
        self.message = MessageInfo(SourceInfo("x", b"x", "eml"), FileInfo(), 0, self.part)
        self.stripper.begin_message(self.message)
        self.stripper.begin_part(self.message, self.part)
        self.stripper.raw(self.message, self.part, RawKind.HEADER, header)

    def _new_blob(self):
        self.blobs.append(MemoryBlob())
        return self.blobs[-1]

    def raw(self, data):
        self.stripper.raw(self.message, self.part, RawKind.BODY, data)

    def decoded(self, data):
        self.stripper.decoded(self.message, self.part, data)

    def end(self, content=CONTENT):
        """End part and message; the stripped part, and what became of the message."""
        self.part.sha256 = hashlib.sha256(content).hexdigest()
        self.part.size = len(content)
        stripped = self.stripper.end_part(self.message, self.part)
        return stripped, self.stripper.end_message()

    @property
    def skeleton(self):
        return b"".join(self.written)


def test_a_part_is_handed_out():
    """The caller gets the blob with all that the placeholder says, and the header block waits for the end."""
    calls = Calls()
    calls.raw(BODY)
    calls.decoded(CONTENT)
    assert calls.written == []
    stripped, message = calls.end()
    assert stripped.blob is calls.blobs[0]
    assert not stripped.blob.is_discarded
    assert stripped.blob.content == CONTENT
    assert (stripped.size, stripped.encoded_size, stripped.encoding) == (600, len(BODY), "base64")
    assert not stripped.has_patches
    assert f'recipe="{stripped.recipe}"'.encode() in calls.skeleton
    assert calls.skeleton.endswith(HEADER)
    assert message.size == len(HEADER) + len(BODY)
    assert message.is_changed


def test_content_in_any_order():
    """Content may come after its bytes, much later, before the next ones, or all at the end."""
    lines = BODY.splitlines(keepends=True)
    contents = [base64.b64decode(line) for line in lines]
    for order in ("each", "late", "end"):
        calls = Calls()
        late = b""
        for line, content in zip(lines, contents, strict=True):
            calls.raw(line)
            if late:
                calls.decoded(late)
            if order == "each":
                calls.decoded(content)
            late = content if order == "late" else b""
        calls.decoded(late if order == "late" else b"".join(contents) if order == "end" else b"")
        stripped, message = calls.end()
        assert stripped is not None
        assert stripped.blob.content == CONTENT
        assert message.stripped == 1


def test_too_small():
    """A body below the minimum stays, and no blob is made for it; one byte more goes out."""
    for minimum, is_out in ((len(BODY), True), (len(BODY) + 1, False)):
        policy = StripPolicy(minimum_bytes=minimum)
        for pieces in ([], repeat(1)):
            stripped = strip(b"Subject: x\n" + HEADER + BODY, pieces, policy)
            assert stripped.message.stripped == is_out
            assert len(stripped.made) == is_out
            assert stripped.message.counts.parts_too_small == (not is_out)
            assert stripped.message.kept == 0


def test_a_large_minimum_does_not_fill_the_memory():
    """Of a body that waits for a large minimum, what exceeds a megabyte waits in the blob, and comes back from it."""
    content = random.Random(4).randbytes(MAX_HELD_BYTES)
    data = b"Subject: x\n" + leaf(content, b"image/png")
    stripped = strip(data, repeat(1 << 16), StripPolicy(minimum_bytes=1 << 24))
    assert stripped.skeleton == data
    assert len(stripped.made) == 1
    assert stripped.message.counts == StripCounts(parts_too_small=1, base64_attachments=1)


def test_an_empty_body_stays():
    """There is nothing to take out of a part without a body, whatever the policy says."""
    stripped = round_trip(b"Subject: x\n" + multipart(leaf(b"", b"image/png")), StripPolicy(minimum_bytes=0))
    assert stripped.message.stripped == 0
    assert stripped.message.counts == StripCounts(parts_too_small=1)


def test_a_part_without_a_recipe_is_kept():
    """A body that no recipe describes comes back as it was, in front of what follows it."""
    regular = leaf(CONTENT, b"image/png")
    data = b"Subject: x\n" + multipart(regular, HEADER + BODY + IRREGULAR, regular)
    stripped = round_trip(data)
    assert stripped.message.counts == StripCounts(
        parts_by_recipe=2, parts_kept=1, base64_attachments=3, base64_attachments_by_recipe=2
    )
    assert HEADER + BODY + IRREGULAR in stripped.skeleton


def test_encodings_without_recipes_are_kept():
    """Bodies in an encoding that nobody knows go through."""
    assert round_trip(b"Subject: x\n" + leaf(CONTENT, encoding=b"x-other")).made == []


@pytest.mark.parametrize("encoding", [b"base64", b"7bit"])
def test_content_cut_by_a_limit(encoding):
    """A part of whose content a limit left something out is kept."""
    data = b"Subject: x\n" + leaf(CONTENT, b"image/png", encoding=encoding)
    for limit, is_out in ((599, False), (600, True)):
        stripped = round_trip(data, limits=Limits(decoded_bytes=limit))
        assert stripped.message.stripped == is_out
        assert stripped.message.kept == (not is_out)


def test_counts():
    """What was taken out, with and without patches, what was kept and what was too small is counted, base64
    attachments with a body also by themselves."""
    patched = HEADER + BODY[:200] + b"!" + BODY[200:]
    text = leaf(CONTENT, b"text/plain")
    small = leaf(b"x", b"image/png")
    empty = leaf(b"", b"image/png")
    plain = leaf(b"p" * 5000, b"image/png", encoding=b"8bit")
    plain_text = leaf(b"p" * 5000, b"text/plain", encoding=b"8bit")
    irregular = HEADER + IRREGULAR
    parts = (HEADER + BODY, patched, text, small, empty, plain, plain_text, irregular)
    counts = round_trip(b"Subject: x\n" + multipart(*parts), ARCHIVE_POLICY).message.counts
    assert counts == StripCounts(
        parts_by_recipe=4,
        parts_with_patches=1,
        parts_kept=1,
        parts_too_small=2,
        base64_attachments=4,
        base64_attachments_by_recipe=2,
    )
    total = StripCounts(parts_kept=1)
    total.add(counts)
    total.add(counts)
    assert (total.parts_by_recipe, total.parts_kept, total.base64_attachments) == (8, 3, 8)


def test_one_message_after_another():
    """A stripper starts afresh with each message."""
    calls = Calls()
    calls.raw(b"access-type=x-mailstrata")
    calls.decoded(b"")
    _, first = calls.end(b"")
    stripper = calls.stripper
    stripper.begin_message(calls.message)
    stripper.raw(calls.message, calls.part, RawKind.OTHER, b"text")
    second = stripper.end_message()
    assert (first.escaped, second.escaped) == (True, False)
    assert (second.size, second.counts, second.is_changed) == (4, StripCounts(), False)


def test_what_was_held_back_stands_before_the_placeholder():
    """Bytes that might have been the beginning of the marker's words come out before the part that follows."""
    calls = Calls()
    calls.raw(BODY)
    calls.decoded(CONTENT)
    parent = PartInfo(Entity(None, 1, 0, 0), Headers(b""), None)
    calls.stripper.raw(calls.message, parent, RawKind.OTHER, b"access-type")
    calls.end()
    assert calls.skeleton.startswith(b"access-typeContent-Type: message/external-body;")


def test_digests_must_be_there():
    """Without the digest of a part no placeholder can be made, and the call that forgot it is told so."""
    calls = Calls()
    calls.raw(BODY)
    calls.decoded(CONTENT)
    with pytest.raises(UsageError, match="digest"):
        calls.stripper.end_part(calls.message, calls.part)
    calls.stripper.discard()
    assert calls.blobs[0].is_discarded


def test_discard():
    """Discarding lets go of the blob under way, once, and of nothing else."""
    calls = Calls()
    calls.raw(BODY)
    calls.stripper.discard()
    assert [blob.is_discarded for blob in calls.blobs] == [True]
    calls.stripper.discard()

    calls = Calls()
    calls.raw(BODY)
    calls.decoded(CONTENT)
    stripped, _ = calls.end()
    calls.stripper.discard()
    assert not stripped.blob.is_discarded

    calls = Calls()
    calls.raw(IRREGULAR)
    calls.decoded(b"not that")
    calls.raw(b"more")
    assert [blob.is_discarded for blob in calls.blobs] == [True]
    calls.stripper.discard()


def test_a_skeleton_that_cannot_be_written():
    """Where the placeholder cannot be written, the blob is still the stripper's to discard."""
    calls = Calls()
    calls.raw(BODY)
    calls.decoded(CONTENT)

    def full(data):
        raise TargetError("disk full")

    calls.stripper._write = full
    with pytest.raises(TargetError):
        calls.end()
    calls.stripper.discard()
    assert calls.blobs[0].is_discarded
