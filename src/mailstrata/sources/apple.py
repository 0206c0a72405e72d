"""Apple Mail's mailbox folders, `NAME.mbox`: as it exports them, and as it keeps them in ~/Library/Mail.

An export holds one file named `mbox`. A mailbox in use holds .emlx files, one a message, in `Messages`, or in
`UUID/Data/Messages` and `UUID/Data/3/2/Messages`; a name that ends in `.partial.emlx` is a message whose attachments
Apple Mail has moved into `Attachments` beside it. Mailboxes inside of a mailbox are `NAME.mbox` folders again.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailstrata.errors import SourceError
from mailstrata.message.origin import FolderInfo, MboxVariant, SkippedFile, SourceFile
from mailstrata.sources.eml import file_or_skipped
from mailstrata.sources.files import display, join_label
from mailstrata.sources.folder import FolderSource
from mailstrata.sources.probe import probe_file
from mailstrata.sources.sniff import has_suffix
from mailstrata.sources.walk import Found, folder_info, unreadable, walk

_OWN_FILES = frozenset({b"table_of_contents", b"Info.plist", b"Icon\r"})


class AppleMailSource(FolderSource):
    """A `Source` that is one `NAME.mbox` folder with the mailboxes inside of it."""

    __slots__ = ()

    def __init__(self, path: bytes, label: str, *, variant: MboxVariant | None = None) -> None:
        super().__init__(path, label, "apple-mail", variant=variant)

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The messages in the order of their names. Raises `SourceError` where the folder cannot be read."""
        for found in walk(self._path, self.info.label, enter_mailboxes=True):
            if isinstance(found, SkippedFile):
                yield found
            elif found.kind == "folder":
                folder = folder_info(found.path, found.name)
                if folder is not None:
                    yield folder
            else:
                yield self._file(found)

    def _file(self, found: Found) -> SourceFile | SkippedFile:
        *parents, base = found.name.split(b"/")
        if base in _OWN_FILES:
            return SkippedFile(found.name, "Apple Mail's own record, no mail")
        if b"Attachments" in parents:
            reason = "an attachment that Apple Mail keeps beside its message; it is not in the message"
            return SkippedFile(found.name, reason)
        label = join_label(self.info.label, found.name)
        try:
            probe = probe_file(found.path, label, variant=self._variant)
        except SourceError as error:
            return unreadable(found.name, error, label)
        return file_or_skipped(found, label, probe, self._folder(parents))

    def _folder(self, parents: list[bytes]) -> str:
        """The mail folder by the names of the `.mbox` folders around a file: `Archive/2024`."""
        names = [self.info.path.rstrip(b"/").rpartition(b"/")[2], *parents]
        return "/".join(display(name[:-5]) for name in names if has_suffix(name, (b".mbox",)))
