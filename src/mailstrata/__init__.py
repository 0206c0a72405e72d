"""mailstrata takes mailboxes apart as a stream and keeps them: small, searchable, and recoverable byte for byte.

For most uses::

    for message in mailstrata.open("inbox.mbox"):
        print(message.subject, message.date)
        for part in message.parts():
            if part.filename:
                with open(mailstrata.safe_name(part), "wb") as out:
                    for chunk in part:
                        out.write(chunk)

Everything public is here, and imported when it is first used, so that `import mailstrata` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

# As `typing` has it, which takes longer to import than everything else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mailstrata.archive.reading.reader import Archive as Archive
    from mailstrata.archive.recording.sink import ArchiveSink as ArchiveSink
    from mailstrata.errors import ArchiveError as ArchiveError
    from mailstrata.errors import DamagedSourceError as DamagedSourceError
    from mailstrata.errors import LockedError as LockedError
    from mailstrata.errors import MailstrataError as MailstrataError
    from mailstrata.errors import NotAMailboxError as NotAMailboxError
    from mailstrata.errors import NotAnArchiveError as NotAnArchiveError
    from mailstrata.errors import QueryError as QueryError
    from mailstrata.errors import SourceChangedError as SourceChangedError
    from mailstrata.errors import SourceError as SourceError
    from mailstrata.errors import SourceNotFoundError as SourceNotFoundError
    from mailstrata.errors import StalePartError as StalePartError
    from mailstrata.errors import TargetError as TargetError
    from mailstrata.errors import UnsupportedFormatError as UnsupportedFormatError
    from mailstrata.errors import UsageError as UsageError
    from mailstrata.index.sink import IndexSink as IndexSink
    from mailstrata.message.addresses import Address as Address
    from mailstrata.message.headers import Headers as Headers
    from mailstrata.message.info import MessageInfo as MessageInfo
    from mailstrata.message.info import PartInfo as PartInfo
    from mailstrata.message.json import message_as_json as message_as_json
    from mailstrata.message.reader import Message as Message
    from mailstrata.message.reader import Part as Part
    from mailstrata.message.reader import Reader as Reader
    from mailstrata.parser.defects import Defect as Defect
    from mailstrata.parser.defects import DefectCode as DefectCode
    from mailstrata.parser.entity import Entity as Entity
    from mailstrata.parser.events import EntityBegin as EntityBegin
    from mailstrata.parser.events import EntityEnd as EntityEnd
    from mailstrata.parser.events import Event as Event
    from mailstrata.parser.events import Span as Span
    from mailstrata.parser.events import SpanKind as SpanKind
    from mailstrata.parser.limits import Limits as Limits
    from mailstrata.parser.machine import Parser as Parser
    from mailstrata.sinks.filenames import safe_name as safe_name
    from mailstrata.sinks.filesystem import FilesystemSink as FilesystemSink
    from mailstrata.sinks.pipeline import Pipeline as Pipeline
    from mailstrata.sinks.pipeline import Report as Report
    from mailstrata.sinks.progress import Progress as Progress
    from mailstrata.sinks.protocol import Checkpoint as Checkpoint
    from mailstrata.sinks.protocol import FileOutcome as FileOutcome
    from mailstrata.sinks.protocol import KnownFiles as KnownFiles
    from mailstrata.sinks.protocol import OutsideKind as OutsideKind
    from mailstrata.sinks.protocol import RawKind as RawKind
    from mailstrata.sinks.protocol import Seen as Seen
    from mailstrata.sinks.protocol import Sink as Sink
    from mailstrata.sinks.protocol import SourceOutcome as SourceOutcome
    from mailstrata.sinks.protocol import Wants as Wants
    from mailstrata.sinks.registry import available_sinks as available_sinks
    from mailstrata.sinks.registry import load_sink as load_sink
    from mailstrata.sources.discover import find_sources as find_sources
    from mailstrata.sources.open import open as open  # noqa: A004 - `mailstrata.open`, like `gzip.open`
    from mailstrata.stripping import FileBlob as FileBlob
    from mailstrata.stripping import StripPolicy as StripPolicy
    from mailstrata.stripping import placeholders as placeholders
    from mailstrata.stripping import strip_message as strip_message
    from mailstrata.stripping import unstrip_message as unstrip_message

_HOMES = {
    "archive.reading.reader": ("Archive",),
    "archive.recording.sink": ("ArchiveSink",),
    "errors": (
        "ArchiveError",
        "DamagedSourceError",
        "LockedError",
        "MailstrataError",
        "NotAMailboxError",
        "NotAnArchiveError",
        "QueryError",
        "SourceChangedError",
        "SourceError",
        "SourceNotFoundError",
        "StalePartError",
        "TargetError",
        "UnsupportedFormatError",
        "UsageError",
    ),
    "index.sink": ("IndexSink",),
    "message.addresses": ("Address",),
    "message.headers": ("Headers",),
    "message.info": (
        "MessageInfo",
        "PartInfo",
    ),
    "message.json": ("message_as_json",),
    "message.reader": (
        "Message",
        "Part",
        "Reader",
    ),
    "parser.defects": (
        "Defect",
        "DefectCode",
    ),
    "parser.entity": ("Entity",),
    "parser.events": (
        "EntityBegin",
        "EntityEnd",
        "Event",
        "Span",
        "SpanKind",
    ),
    "parser.limits": ("Limits",),
    "parser.machine": ("Parser",),
    "sinks.filenames": ("safe_name",),
    "sinks.filesystem": ("FilesystemSink",),
    "sinks.pipeline": (
        "Pipeline",
        "Report",
    ),
    "sinks.progress": ("Progress",),
    "sinks.protocol": (
        "Checkpoint",
        "FileOutcome",
        "KnownFiles",
        "OutsideKind",
        "RawKind",
        "Seen",
        "Sink",
        "SourceOutcome",
        "Wants",
    ),
    "sinks.registry": (
        "available_sinks",
        "load_sink",
    ),
    "sources.discover": ("find_sources",),
    "sources.open": ("open",),
    "stripping": (
        "FileBlob",
        "StripPolicy",
        "placeholders",
        "strip_message",
        "unstrip_message",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604 - strings, though made by an expression


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'mailstrata' has no attribute {name!r}")
    value = getattr(import_module(f"mailstrata.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
