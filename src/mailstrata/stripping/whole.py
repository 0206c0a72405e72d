"""Stripping a leaf that lies in memory as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from mailstrata.message.info import PartInfo
from mailstrata.stripping.counts import StripCounts
from mailstrata.stripping.placeholder import can_be_placeholder, make_placeholder
from mailstrata.stripping.policy import StripPolicy
from mailstrata.stripping.recorder import recorder_for
from mailstrata.transfer import IDENTITY_ENCODINGS


@dataclass(frozen=True, slots=True)
class TakenOut:
    """A leaf that is to be taken out: `content` is its blob, `placeholder` stands where header block and body were."""

    content: bytes
    placeholder: bytes


def strip_leaf(
    part: PartInfo, body: bytes, content: bytes, policy: StripPolicy, counts: StripCounts
) -> TakenOut | None:
    """What becomes of a leaf that has ended, and whose size and digest are set; None where it stays as it is. The same
    as what a `Stripper` makes of it piece by piece, and counted in the same way.

    `body` is the body as it stands in the message, mbox quoting undone; `content` is the same decoded.
    """
    is_base64_attachment = part.encoding == "base64" and part.is_attachment
    if is_base64_attachment and body:
        counts.base64_attachments += 1
    minimum = policy.minimum_for(part)
    if minimum is None or not can_be_placeholder(part):
        return None
    recorder = recorder_for(part.encoding)
    if recorder is None:
        return None
    if len(body) < minimum:
        counts.parts_too_small += 1
        return None
    if part.encoding in IDENTITY_ENCODINGS:
        # The body is its content; no limit on decoding cuts it.
        content = body
    recorder.feed(body, content)
    if not recorder.failed:
        recorder.close(b"")
    if recorder.failed or part.size != len(content) or part.sha256 is None:
        counts.parts_kept += 1
        return None
    counts.parts_by_recipe += 1
    if recorder.has_patches:
        counts.parts_with_patches += 1
    if is_base64_attachment:
        counts.base64_attachments_by_recipe += 1
    placeholder = make_placeholder(part, sha256=part.sha256, size=len(content), recipe=recorder.recipe)
    return TakenOut(content, placeholder)
