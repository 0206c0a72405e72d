"""One message in a file, and trees of such files."""

from __future__ import annotations

from collections.abc import Iterator

from mailstrata.errors import SourceError
from mailstrata.message.origin import FolderInfo, MboxVariant, SkippedFile, SourceFile
from mailstrata.sources.content import DiskFile
from mailstrata.sources.files import display, join_label
from mailstrata.sources.folder import FolderSource
from mailstrata.sources.one_file import OneFileSource
from mailstrata.sources.probe import Identified, Probe, probe_file
from mailstrata.sources.sniff import is_named_as_mail
from mailstrata.sources.walk import Found, folder_info, unreadable, walk


class EmlSource(OneFileSource):
    """A `Source` that is one message: .eml, .emlx, or a file of any name that begins with header fields."""

    __slots__ = ()

    def __init__(self, path: bytes, label: str, *, explicit: bool = True, variant: MboxVariant | None = None) -> None:
        super().__init__(path, label, "eml", explicit=explicit, variant=variant)


class EmlTreeSource(FolderSource):
    """A `Source` of all loose messages below a folder: in one file each, plain or compressed, with or without a `From `
    line before it.

    What is a source of its own (mboxes, Maildirs, archives) is left out; what is no mail comes as a `SkippedFile`.
    """

    __slots__ = ()

    def __init__(self, path: bytes, label: str, *, variant: MboxVariant | None = None) -> None:
        super().__init__(path, label, "eml-tree", variant=variant)

    def files(self) -> Iterator[SourceFile | SkippedFile | FolderInfo]:
        """The messages in the order of their names. Raises `SourceError` where the folder cannot be read."""
        for found in walk(self._path, self.info.label):
            if isinstance(found, SkippedFile):
                yield found
                continue
            item = self._item(found)
            if item is not None:
                yield item

    def _item(self, found: Found) -> SourceFile | SkippedFile | FolderInfo | None:
        if found.kind == "folder":
            return folder_info(found.path, found.name)
        return self._file(found) if found.kind == "file" else None

    def _file(self, found: Found) -> SourceFile | SkippedFile | None:
        label = join_label(self.info.label, found.name)
        try:
            probe = probe_file(found.path, label, variant=self._variant)
        except SourceError as error:
            return unreadable(found.name, error, label)
        if is_source_of_its_own(probe.identified):
            return None
        return file_or_skipped(found, label, probe, display(found.name.rpartition(b"/")[0]))


def is_source_of_its_own(found: Identified) -> bool:
    """Whether a file that was found in a folder is a source by itself, and not one of its loose messages: an mbox
    (but not one message with its `From ` line), a tar, a zip."""
    return found.kind in ("tar", "zip") or (found.kind == "mbox" and not found.single)


def file_or_skipped(found: Found, label: str, probe: Probe, folder: str) -> SourceFile | SkippedFile:
    """A file of a walked folder, to be read as what it is, or passed over."""
    identified = probe.identified
    if identified.content is None:
        reason = identified.sniffed.description
        if is_named_as_mail(found.name):
            return SkippedFile(found.name, f"{reason}, though its name says mail", is_error=True)
        return SkippedFile(found.name, reason)
    info = probe.file_info(found.name, folder)
    return DiskFile(found.path, label, identified.content, info, check_lengths=identified.has_lengths)
