"""Where a message was found, which is said of each one, new or not."""

from __future__ import annotations

from mailstrata.archive.recording.open_source import OpenSource
from mailstrata.archive.writing.session import WriterSession
from mailstrata.index.rows import OccurrenceValues, framing_defects, row_weight
from mailstrata.message.info import MessageInfo
from mailstrata.parser.defects import Defect


class FoundMessages:
    """Counts messages, and notes in the index where they are."""

    def __init__(self, session: WriterSession) -> None:
        self._session = session
        self._occurrence = OccurrenceValues()

    def __call__(self, message: MessageInfo, source: OpenSource) -> list[Defect]:
        """A message has ended; returns the defects of its framing."""
        totals = source.segments.totals
        size = message.size
        assert size is not None
        totals.messages_found += 1
        totals.message_bytes += size
        framing = framing_defects(message)
        if message.sha256 not in self._session.state.erased and not source.is_known_place(message):
            values = self._occurrence(message, framing, source.snapshot.snapshot)
            weight = row_weight(len(message.separator), len(framing))
            self._session.index.add_values("occurrences", values, weight)
        return framing
