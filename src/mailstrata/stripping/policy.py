"""Which parts are taken out of a message."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mailstrata.errors import UsageError

if TYPE_CHECKING:
    from mailstrata.message.info import PartInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPolicy:
    """Which leaves are taken out, judged by what their header says and by how large their bodies are.

    All that is asked for must hold; what is not asked for does not matter. What a policy wants out may still be
    kept: a part that another program could not put back exactly stays as it is (see `Stripper`).
    """

    minimum_bytes: int = 4096
    """The least size of the body as it stands in the message, still encoded, in bytes. A placeholder takes some 300."""

    types: tuple[str, ...] = ()
    """Patterns of the content type, such as `image/*` or `application/pdf`, matched without regard to case with `*`,
    `?` and `[...]` as in file names. Any of them will do; one that begins with `!` takes out what it matches from
    the rest, whatever its place in the list."""

    dispositions: tuple[str, ...] = ()
    """Dispositions (RFC 2183): `attachment`, `inline`; any of them will do. A part that declares none has none."""

    attachments_only: bool = True
    """Take out only what people would call an attachment: see `PartInfo.is_attachment`."""

    base64_minimum_bytes: int | None = None
    """Where set, base64 is taken out from this size of the encoded body on, attachment or not."""

    def __post_init__(self) -> None:
        for name in ("minimum_bytes", "base64_minimum_bytes"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise UsageError(f"StripPolicy.{name} must not be negative, as {value} is")
        for pattern in self.types:
            if "/" not in pattern and "*" not in pattern:
                raise UsageError(f"no content type is like {pattern!r}; write it as 'image/*' or 'application/pdf'")

    def minimum_for(self, part: PartInfo) -> int | None:
        """From what size of its encoded body on, in bytes (at least 1), this leaf is to be taken out, as its header
        says; None where it is to stay."""
        if part.is_container or (self.types and not self._matches_type(part.content_type)):
            return None
        if self.dispositions and (part.disposition or "") not in map(str.lower, self.dispositions):
            return None
        if self.base64_minimum_bytes is not None and part.encoding == "base64":
            return max(self.base64_minimum_bytes, 1)
        if self.attachments_only and not part.is_attachment:
            return None
        return max(self.minimum_bytes, 1)

    def may_take_out(self, encoding: str, *, is_attachment: bool) -> bool:
        """Whether a leaf with this transfer encoding may be taken out, whatever else it is: if not, `minimum_for`
        gives None."""
        if encoding == "base64" and self.base64_minimum_bytes is not None:
            return True
        return is_attachment or not self.attachments_only

    def considers(self, part: PartInfo) -> bool:
        """Whether this leaf is to be taken out if its body is large enough."""
        return self.minimum_for(part) is not None

    def _matches_type(self, content_type: str) -> bool:
        wanted = not any(not pattern.startswith("!") for pattern in self.types)
        for pattern in self.types:
            if pattern.startswith("!"):
                if fnmatchcase(content_type, pattern[1:].lower()):
                    return False
            elif not wanted:
                wanted = fnmatchcase(content_type, pattern.lower())
        return wanted


ARCHIVE_POLICY = StripPolicy(base64_minimum_bytes=128)
"""What saves, and nothing else: base64, text bodies included, since it hardly compresses while it is encoded; and
attachments in other encodings, so that a file that was sent as 7bit once and as base64 the other time is kept once."""
