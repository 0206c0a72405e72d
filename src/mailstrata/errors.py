"""Every exception that mailstrata raises on purpose, each with the exit code of the command line.

Content never raises: malformed mail is recorded as a `Defect`. An exception means a wrong call, a file
or disk that cannot be read or written, or a bug of ours. The tree::

    MailstrataError                 1  something went wrong
    ├── UsageError                  2  the call or the command's words are off
    │   ├── StalePartError          2  a part was used after the stream had moved on
    │   └── QueryError              2  a search query cannot be read; it knows the place
    ├── SourceError                 3  a source could not be read, or not to its end
    │   ├── SourceNotFoundError     3
    │   ├── NotAMailboxError        3
    │   ├── DamagedSourceError      3  truncated or corrupt: what came before the damage was kept
    │   └── SourceChangedError      3  it changed while it was read: what was read was kept
    ├── TargetError                 4  the target cannot be written (full, read-only, in the way)
    │   └── LockedError             5  another writer is at work on it
    ├── WorkerLostError             1  a process that worked for this one has ended without saying why
    └── ArchiveError                6  what lies in an archive is not what its format says
        ├── NotAnArchiveError       6
        ├── StrippedMailError       6  stripped mail does not hold what its placeholder says
        └── UnsupportedFormatError  6  a newer format, or a feature that this version does not know

Exit code 0 is success, 130 an interrupt (Ctrl-C). Where one command has several sources and some fail, the
others are done and the exit code is that of the first failure.

A message is one line: what happened, where, and what to do about it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


EXIT_INTERRUPTED = 130


class MailstrataError(Exception):
    """The root of the tree. `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class UsageError(MailstrataError, ValueError):
    """A call or a command that cannot mean anything; the message names the right one."""

    exit_code = 2


class StalePartError(UsageError):
    """A part or message was used after the stream had moved past it; what has streamed by is gone."""


class QueryError(UsageError):
    """A search query that cannot be read.

    `query` is its text, `start` and `end` are the characters of it that are wrong, from 0; the place is behind its end
    where something is missing there.
    """

    def __init__(self, message: str, query: str, start: int, end: int) -> None:
        super().__init__(message)
        self.query = query
        self.start = start
        self.end = end


class SourceError(MailstrataError):
    """A source cannot be read, or not to its end.

    `offset` is the byte offset in the (decompressed) source up to which everything was delivered, and from
    which a later run may go on; None where that is not known.
    """

    exit_code = 3

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class SourceNotFoundError(SourceError):
    """There is no such file or folder."""


class NotAMailboxError(SourceError):
    """The file is there, but holds no mail in a form that mailstrata knows."""


class DamagedSourceError(SourceError):
    """The source ends early or is corrupt (a truncated gzip file); what came before was delivered."""


class SourceChangedError(SourceError):
    """A file changed while it was read. What was read was delivered; it may be a mixture of before and after."""


class TargetError(MailstrataError):
    """The target cannot be written: full disk, read-only, or something else lies there."""

    exit_code = 4


class LockedError(TargetError):
    """Another process is writing to the same archive."""

    exit_code = 5


class WorkerLostError(MailstrataError):
    """A process that worked for this one has ended without saying why: it was killed, say, since memory ran out."""


class ArchiveError(MailstrataError):
    """An archive does not hold what its own records say."""

    exit_code = 6


class NotAnArchiveError(ArchiveError):
    """The folder is not a mailstrata archive."""


class StrippedMailError(ArchiveError):
    """Stripped mail does not hold what its placeholder says: a recipe that is none, or content that does not fit it."""


class UnsupportedFormatError(ArchiveError):
    """The archive was written in a newer format, or needs a feature that this version does not know."""
