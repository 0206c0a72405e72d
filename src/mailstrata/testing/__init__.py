"""For people who write sinks: the suite that every sink must pass, and what it is made of.

`SinkConformance` is the suite, for pytest; `check_sink` runs it without. `ContractChecker`, `RecordingSink`
and `InterruptingSink` are sinks to test with, `memory_mbox` and its kin are sources that need no files.
Nothing here imports pytest.
"""

from mailstrata.testing.conformance import SinkConformance, check_sink
from mailstrata.testing.contract import ContractChecker
from mailstrata.testing.interruption import Interrupted, InterruptingSink
from mailstrata.testing.mailboxes import conformance_mailboxes, ordinary_mailbox
from mailstrata.testing.memory import MemoryFile, MemorySource, memory_mbox, memory_message, memory_tree
from mailstrata.testing.recording import RecordedMessage, RecordedPart, RecordingSink

__all__ = [
    "ContractChecker",
    "Interrupted",
    "InterruptingSink",
    "MemoryFile",
    "MemorySource",
    "RecordedMessage",
    "RecordedPart",
    "RecordingSink",
    "SinkConformance",
    "check_sink",
    "conformance_mailboxes",
    "memory_mbox",
    "memory_message",
    "memory_tree",
    "ordinary_mailbox",
]
