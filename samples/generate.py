"""Make the sample mailboxes: `python -m samples.generate [--to DIR] [--manifest FILE]`.

What is made, below DIR (`samples/mail` unless told otherwise):

    inbox.mbox                 an mboxrd of everything, the broken messages included
    Maildir/                   flags, new mail, Maildir++ folders; some messages are in inbox.mbox as well
    letters/                   a tree of .eml files with CRLF
    newsletter.mbox.gz         a compressed mbox
    takeout-20241001.zip       in the shape of Google Takeout
    backup-2024.tar.gz         .eml files in a tar
    Apple Mail/                an .mbox folder with .emlx files, and an exported one
    variants/                  the same messages as mboxo, mboxrd, mboxcl and mboxcl2

The manifest is a JSON object: for each mailbox, its messages in order, each with its name, its size in bytes
and the SHA-256 that it has once mbox quoting is undone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from samples import book, business, contract, mailboxes, oddities
from samples.letters import Letter
from samples.wire import crlf

DEFAULT_TARGET = Path(__file__).resolve().parent / "mail"

_SENT = ("proposal-answer", "contract-to-author", "contract-to-accounts", "launch-invitation", "photos-jonas")
_MAILDIR: dict[str, dict[str, str | None]] = {
    "": {
        "contract-signed": "FS",
        "photos": "S",
        "invoice-03": "RS",
        "title-1": "RS",
        "base64-junk": "ST",
        "gb2312": None,
    },
    ".Sent": dict.fromkeys(_SENT, "S"),
    ".Authors.Tanaka": {"proposal": "FRS", "title-3": "S"},
    # Modified UTF-7 for Entwürfe (RFC 3501, 5.1.3).
    ".Entw&APw-rfe": {"title-2": "D"},
}
_TREE = {
    "2024/spring/contract.eml": "contract-signed",
    "2024/spring/contract for the files.eml": "contract-to-accounts",
    "2024/summer/photos.eml": "photos-elodie",
    "2024/summer/Φωτογραφίες.eml": "photos",
    "2024/crlf.eml": "crlf-message",
    "utf8.eml": "utf8-header",
}
_TAKEOUT = {
    "proposal": "Inbox,Important",
    "title-4": "Inbox",
    "sketches": "Inbox,Starred",
    "advance-signed": "Inbox",
    "photos": "Inbox,Photos",
    "launch-invitation": "Sent",
}
_APPLE = {"1001": "voice-memo", "1002": "translation-sample", "1003": "attachment-only"}
_EXPORTED = ("nested-forward", "rights-signed")
_BACKUP = ("invoice-01", "order-01", "royalties")
_VARIANTS: tuple[mailboxes.MboxVariant, ...] = ("mboxo", "mboxrd", "mboxcl", "mboxcl2")
_IN_VARIANTS = ("title-1", "title-2", "title-3", "sketches")


def all_letters() -> list[Letter]:
    """Every message there is, the oldest first."""
    letters = [
        *business.invoices(),
        *business.orders(),
        *business.newsletters(),
        *business.digests(),
        *business.reports(),
        *contract.letters(),
        *book.picture_letters(),
        *book.discussion(),
        *book.translation_letters(),
        *oddities.rare(),
        *oddities.malformed(),
    ]
    return sorted(letters, key=lambda item: item.when)


def generate(target: Path) -> dict[str, list[dict[str, str | int]]]:
    """Write all mailboxes below `target`, which is emptied first; returns the manifest."""
    shutil.rmtree(target, ignore_errors=True)
    letters = all_letters()
    by_slug = {item.slug: item for item in letters}
    end_of_story = letters[-1].when.timestamp()
    manifest: dict[str, list[dict[str, str | int]]] = {}

    def put(name: str, data: bytes, contents: Iterable[Letter]) -> None:
        mailboxes.write(target / name, data, end_of_story)
        manifest[name] = _entries(contents)

    put("inbox.mbox", mailboxes.mbox(letters), letters)

    folders = {folder: [(by_slug[slug], flags) for slug, flags in items.items()] for folder, items in _MAILDIR.items()}
    mailboxes.write_maildir(target / "Maildir", folders)
    manifest["Maildir"] = _entries(item for items in folders.values() for item, _ in items)

    tree = [(name, by_slug[slug]) for name, slug in _TREE.items()]
    mailboxes.write_tree(target / "letters", tree)
    manifest["letters"] = _entries(_as_crlf(item) for _, item in tree)

    news = business.newsletters()
    put("newsletter.mbox.gz", mailboxes.gzipped(mailboxes.mbox(news)), news)

    labelled = [(by_slug[slug], labels) for slug, labels in _TAKEOUT.items()]
    zipped, contents = mailboxes.takeout(labelled)
    put("takeout-20241001.zip", zipped, contents)

    backup = [by_slug[slug] for slug in _BACKUP]
    members = [(f"backup/{item.slug}.eml", item.data, item.when.timestamp()) for item in backup]
    put("backup-2024.tar.gz", mailboxes.tar_gz(members), backup)

    for number, slug in _APPLE.items():
        item = by_slug[slug]
        path = target / "Apple Mail" / "Archive.mbox" / "Messages" / f"{number}.emlx"
        mailboxes.write(path, mailboxes.emlx(item), item.when.timestamp())
    manifest["Apple Mail/Archive.mbox"] = _entries(by_slug[slug] for slug in _APPLE.values())
    exported = [by_slug[slug] for slug in _EXPORTED]
    mailboxes.write(target / "Apple Mail" / "Exported.mbox" / "mbox", mailboxes.mbox(exported), end_of_story)
    manifest["Apple Mail/Exported.mbox"] = _entries(exported)

    quoted = [by_slug[slug] for slug in _IN_VARIANTS]
    for variant in _VARIANTS:
        data, contents = mailboxes.mbox_variant(quoted, variant)
        put(f"variants/{variant}.mbox", data, contents)
    return manifest


def _as_crlf(item: Letter) -> Letter:
    return item if b"\r\n" in item.data else item.with_data(crlf(item.data))


def _entries(letters: Iterable[Letter]) -> list[dict[str, str | int]]:
    return [
        {"name": item.slug, "size": len(item.data), "sha256": hashlib.sha256(item.data).hexdigest()} for item in letters
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m samples.generate", description="Make the sample mailboxes.")
    parser.add_argument("--to", type=Path, default=DEFAULT_TARGET, metavar="DIR", help="emptied first (samples/mail)")
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="also write what is in each mailbox, as JSON")
    options = parser.parse_args(arguments)
    manifest = generate(options.to)
    if options.manifest:
        options.manifest.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    messages = sum(len(items) for items in manifest.values())
    size = sum(path.stat().st_size for path in options.to.rglob("*") if path.is_file())
    place = os.path.relpath(options.to)
    sys.stdout.write(f"{messages} messages in {len(manifest)} mailboxes ({size / 1e6:.1f} MB) in {place}\n")


if __name__ == "__main__":
    main()
