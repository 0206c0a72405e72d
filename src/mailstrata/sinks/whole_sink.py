"""Sinks that take small messages as one piece."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from mailstrata.sinks.protocol import Sink

if TYPE_CHECKING:
    from mailstrata.sinks.whole import WholeMessage


class WholeSink(Sink):
    """A sink that takes small messages as one piece, with content and digests, instead of the calls from
    `begin_message` to `end_message`; what comes of it must be the same. It is still called in that way with messages
    that are large, have many parts, or that it does not want as a whole."""

    @abstractmethod
    def takes_whole(self, message: WholeMessage) -> bool:
        """Whether to be called with this message as a whole; it has ended, but nothing of it is decoded or hashed."""

    @abstractmethod
    def whole_message(self, message: WholeMessage) -> None:
        """A message, from its begin to its end."""
