"""From the raw body of a leaf to its content: the transfer decoder of a part, its size and its defects."""

from __future__ import annotations

from mailstrata.parser.defects import Defect, DefectCode
from mailstrata.transfer import decoder_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailstrata.message.info import PartInfo
    from mailstrata.transfer.base import Decoder


class PartDecoder:
    """Decodes the body of one leaf as it streams by, and notes on the part how large it was and what was wrong.

    `limit` bounds the decoded bytes (None: no bound); what lies beyond it is not decoded. The body of an opaque part
    is taken as it stands.
    """

    __slots__ = ("_decoder", "_limit", "_limit_reached", "part", "size")

    def __init__(self, part: PartInfo, limit: int | None) -> None:
        self.part = part
        self.size = 0
        self._decoder: Decoder = decoder_for("binary" if part.entity.opaque else part.encoding)
        self._limit = limit
        self._limit_reached = False

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes of the body; returns what is certain so far."""
        if self._limit_reached:
            return b""
        return self._bounded(self._decoder.feed(data))

    def close(self) -> bytes:
        """The body has ended: returns the last decoded bytes, and sets the part's size and decoder defects."""
        decoded = b"" if self._limit_reached else self._bounded(self._decoder.close())
        part = self.part
        start = part.body_start
        part.size = self.size
        if self._limit_reached:
            # How much the decoder saw beyond the limit depends on how the input was split, so its own defects do too.
            part.decoder_defects = [Defect(DefectCode.DECODED_LIMIT, start, part.end)]
        else:
            part.decoder_defects = [
                Defect(defect.code, defect.start + start, defect.end + start) for defect in self._decoder.defects
            ]
        return decoded

    def _bounded(self, decoded: bytes) -> bytes:
        size = self.size + len(decoded)
        if self._limit is not None and size > self._limit:
            decoded = decoded[: self._limit - self.size]
            size = self._limit
            self._limit_reached = True
        self.size = size
        return decoded
