"""One mbox, plain or compressed. Which of its variants it is, `mbox_variant` decides."""

from __future__ import annotations

from mailstrata.message.origin import MboxVariant
from mailstrata.sources.files import display
from mailstrata.sources.one_file import OneFileSource, absolute
from mailstrata.sources.sniff import MAILBOX_SUFFIXES, has_suffix, without_compression_suffix


class MboxSource(OneFileSource):
    """A `Source` that is one mbox. `variant` overrides what its content suggests."""

    __slots__ = ()

    def __init__(self, path: bytes, label: str, *, explicit: bool = True, variant: MboxVariant | None = None) -> None:
        folder = mailbox_folder(absolute(path))
        super().__init__(path, label, "mbox", folder=folder, explicit=explicit, variant=variant)


def mailbox_folder(name: bytes) -> str:
    """The mail folder that an mbox of that name is: `Inbox` for `Takeout/Mail/Inbox.mbox.gz`.

    The file `mbox` in a folder `NAME.mbox` is an export of Apple Mail. Thunderbird keeps the folders inside of
    `Archives` in a directory `Archives.sbd`: `Archives.sbd/2024` is `Archives/2024`.
    """
    *parents, base = name.split(b"/")
    stem = without_compression_suffix(base)
    if has_suffix(stem, MAILBOX_SUFFIXES):
        stem = stem.rpartition(b".")[0] or stem
    elif stem == b"mbox" and parents and has_suffix(parents[-1], (b".mbox",)):
        stem = parents.pop()[:-5]
    pieces = [stem]
    while parents and has_suffix(parents[-1], (b".sbd",)):
        pieces.append(parents.pop()[:-4])
    return "/".join(display(piece) for piece in reversed(pieces))
