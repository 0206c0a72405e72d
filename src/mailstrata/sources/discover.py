"""From what a user names to sources: `find_sources`."""

# ruff: noqa: PTH116 - paths are bytes, which pathlib does not take

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from mailstrata.errors import NotAMailboxError, SourceError, UsageError
from mailstrata.message.origin import Failure, MboxVariant, SkippedFile, Source
from mailstrata.sources.apple import AppleMailSource
from mailstrata.sources.eml import EmlSource, EmlTreeSource, is_source_of_its_own
from mailstrata.sources.files import access_error, display, join_label
from mailstrata.sources.folder_names import INBOX, decode_modified_utf7, maildir_folder
from mailstrata.sources.maildir import MaildirSource
from mailstrata.sources.mbox import MboxSource
from mailstrata.sources.probe import Probe, not_a_mailbox, probe_file
from mailstrata.sources.sniff import Sniffed, is_named_as_mail, is_named_as_message
from mailstrata.sources.stdin import STDIN_PATH, pipe_source, stdin_source
from mailstrata.sources.walk import Found, walk

Word = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def find_sources(paths: Iterable[Word], *, mbox_variant: MboxVariant | None = None) -> Iterator[Source | Failure]:
    """The sources that files and folders lead to, found as they are asked for.

    - `-` is standard input; a named pipe or device is read as a stream, too.
    - A file is an mbox, a message, a tar or a zip by its content; it may be compressed.
    - A Maildir or a mailbox folder of Apple Mail is one source with its subfolders.
    - Any other folder is walked, in the order of the names as bytes: Maildirs, Apple Mail's folders, mboxes, tars and
      zips below it are a source each; all other messages together are one, of kind `eml-tree`, which comes last
      and also says which files were passed over.

    `mbox_variant` is what all mboxes are taken for, instead of what their content suggests. What was named and cannot
    be read, or is no mail, comes as a `Failure`; the other words are done nevertheless. Raises `UsageError` for
    a single path in place of several.
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise UsageError("find_sources takes a list of paths; put the one path into a list")
    for word in paths:
        path = os.fsencode(word)
        if path == STDIN_PATH:
            yield stdin_source(mbox_variant)
        else:
            yield from _sources_at(path, display(path), mbox_variant)


def _sources_at(path: bytes, label: str, variant: MboxVariant | None) -> Iterator[Source | Failure]:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        yield Failure(label, access_error(label, error))
        return
    if stat.S_ISDIR(mode):
        yield from _sources_in_folder(path, label, variant)
    elif stat.S_ISREG(mode):
        yield _named_file(path, label, variant)
    else:
        yield pipe_source(path, label, variant)


def _named_file(path: bytes, label: str, variant: MboxVariant | None) -> Source | Failure:
    try:
        probe = probe_file(path, label, explicit=True, variant=variant)
    except SourceError as error:
        return Failure(label, error)
    source = _archive_or_mbox(path, label, probe, variant, explicit=True)
    if source is not None:
        return source
    if probe.identified.content is not None:
        return EmlSource(path, label, variant=variant)
    return Failure(label, not_a_mailbox(label, probe.identified.sniffed))


def _archive_or_mbox(
    path: bytes, label: str, probe: Probe, variant: MboxVariant | None, *, explicit: bool
) -> Source | None:
    kind = probe.identified.kind
    if kind == "mbox":
        return MboxSource(path, label, explicit=explicit, variant=variant)
    if kind == "tar":
        from mailstrata.sources.tar import TarSource  # noqa: PLC0415 - its reader is large

        return TarSource(path, label, probe.compression, variant=variant)
    if kind == "zip":
        from mailstrata.sources.zip import ZipSource  # noqa: PLC0415 - as is this one

        return ZipSource(path, label, variant=variant)
    return None


def _sources_in_folder(path: bytes, label: str, variant: MboxVariant | None) -> Iterator[Source | Failure]:
    found_any = has_loose_files = has_errors = False
    unsupported: tuple[Found, Sniffed] | None = None
    try:
        for found in walk(path, label):
            if isinstance(found, SkippedFile):
                has_errors = has_errors or found.is_error
                continue
            if found.kind == "folder":
                continue
            found_label = join_label(label, found.name)
            if found.kind == "maildir":
                found_any = True
                yield MaildirSource(found.path, found_label, top=_top_folder(found.name))
                continue
            if found.kind == "apple-mail":
                found_any = True
                yield AppleMailSource(found.path, found_label, variant=variant)
                continue
            if has_loose_files and is_named_as_message(found.name):
                continue  # its name says that it is no source of its own, and that is all to be known here
            try:
                probe = probe_file(found.path, found_label, variant=variant)
            except SourceError:  # the tree of loose files says which and why
                has_errors = True
                continue
            if is_source_of_its_own(probe.identified):
                source = _archive_or_mbox(found.path, found_label, probe, variant, explicit=False)
                assert source is not None
                found_any = True
                yield source
            elif probe.identified.content is not None:
                has_loose_files = True
            elif is_named_as_mail(found.name):
                has_errors = True
            elif probe.identified.kind == "unsupported" and unsupported is None:
                unsupported = found, probe.identified.sniffed
    except SourceError as error:
        yield Failure(label, error)
        return
    if has_loose_files or has_errors or (found_any and unsupported is not None):
        yield EmlTreeSource(path, label, variant=variant)
    elif not found_any:
        yield Failure(label, _no_mail(label, unsupported))


def _no_mail(label: str, unsupported: tuple[Found, Sniffed] | None) -> NotAMailboxError:
    if unsupported is None:
        return NotAMailboxError(f"{label} is a folder without mail in it; name one that holds a mailbox or messages")
    found, sniffed = unsupported
    return NotAMailboxError(
        f"{label} is a folder without mail that can be read: {display(found.name)} is {sniffed.description}; "
        f"{sniffed.advice}"
    )


def _top_folder(name: bytes) -> str:
    """What a Maildir's own folder is called: `INBOX`, or its name where it was found below a folder that is no Maildir
    itself, as programs keep them that give each mail folder a Maildir."""
    base = name.rpartition(b"/")[2]
    if not base or base.lower() in (b"maildir", b".maildir", b"mdir"):
        return INBOX
    if base.startswith(b"."):
        return maildir_folder(base)
    return decode_modified_utf7(display(name))
