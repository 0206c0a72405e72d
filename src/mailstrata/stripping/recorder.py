"""Recipes of all transfer encodings behind one interface: recorded while a body streams by, and followed back.

A *recipe* is text that makes the encoded body out of its decoded content again, byte for byte. Its grammar is
described in `docs/stripping.md`.
"""

from __future__ import annotations

from typing import Protocol

from mailstrata.errors import UsageError
from mailstrata.stripping.base64_recorder import Base64Recorder
from mailstrata.stripping.layout_text import MAX_RECIPE
from mailstrata.stripping.quoted_printable_recorder import QuotedPrintableRecorder
from mailstrata.stripping.rebuilding import rebuild
from mailstrata.transfer import IDENTITY_ENCODINGS

__all__ = ["MAX_RECIPE", "IdentityRecorder", "Recorder", "rebuild", "recorder_for"]


class Recorder(Protocol):
    """Records how one encoded body is written, and proves it on the way.

    At any moment, also after a failure, `rebuild(recipe, content, partial=True)` of all content given so far, followed
    by `pending`, is all that was fed: what is no longer at hand can be taken back.

    The split of the input changes neither the recipe after `close` nor whether there is one.
    """

    failed: bool
    """The recipe would be too long (`MAX_RECIPE`) or mostly patches, or the content is not what the body says. Feed
    no more."""

    def feed(self, raw: bytes, decoded: bytes) -> None:
        """The next bytes of the encoded body, and what the transfer decoder made of them so far."""
        ...

    def close(self, decoded: bytes) -> None:
        """The body has ended; `decoded` is what the decoder's `close` gave. May set `failed`."""
        ...

    @property
    def recipe(self) -> str:
        """The recipe of everything that was fed and is not in `pending`; after `close` without failure, of all."""
        ...

    @property
    def pending(self) -> bytes:
        """The bytes fed last that `recipe` does not cover yet: at most what was fed last and some KiB."""
        ...

    @property
    def has_patches(self) -> bool:
        """Whether the body deviates somewhere from the one rule that the rest of it follows."""
        ...


class IdentityRecorder:
    """For 7bit, 8bit and binary: the body is its content."""

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed = False

    def feed(self, raw: bytes, decoded: bytes) -> None:
        """The next bytes, twice; raises UsageError where they differ."""
        if raw != decoded:
            raise UsageError("the content of an identity encoding is its body; give the same bytes twice")

    def close(self, decoded: bytes) -> None:
        """The body has ended."""
        self.feed(b"", decoded)

    @property
    def recipe(self) -> str:
        """Always the same."""
        return "identity"

    @property
    def pending(self) -> bytes:
        """Nothing is ever held back."""
        return b""

    @property
    def has_patches(self) -> bool:
        """There is nothing to deviate from."""
        return False


def recorder_for(encoding: str) -> Recorder | None:
    """A new recorder for one body; None where bodies are kept as they are, for want of a recipe.

    `encoding` is the value of Content-Transfer-Encoding in lower case, as `Entity.encoding` has it.
    """
    if encoding in IDENTITY_ENCODINGS:
        return IdentityRecorder()
    if encoding == "base64":
        return Base64Recorder()
    if encoding == "quoted-printable":
        return QuotedPrintableRecorder()
    return None
