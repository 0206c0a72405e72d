"""The four tables of the index, column by column.

Each column's documentation is in its field's metadata (`description`), so that it travels in every file.
`docs/index-schema.md` shows the same as tables; after a change here, bring it up to date with

    python -m mailstrata.index.schema docs/index-schema.md

(without a file name the tables go to standard output). `SCHEMA_VERSION` is raised when a column changes its
meaning or goes away; a new column does not raise it, so readers must pick columns by name.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from mailstrata.index.inspection.flags import Flag

SCHEMA_VERSION = 1

_TEXT = pa.string()
_COUNT = pa.int32()
_BYTES = pa.int64()


def _list(element: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", element, nullable=False))


_DEFECTS = _list(
    pa.struct(
        [
            pa.field("code", _TEXT, nullable=False),
            pa.field("start", _BYTES, nullable=False),
            pa.field("end", _BYTES, nullable=False),
        ]
    )
)
_ADDRESSES = _list(pa.struct([pa.field("name", _TEXT, nullable=False), pa.field("address", _TEXT, nullable=False)]))


def _required(name: str, kind: pa.DataType, description: str) -> pa.Field[Any]:
    return pa.field(name, kind, nullable=False, metadata={"description": description})


def _optional(name: str, kind: pa.DataType, description: str) -> pa.Field[Any]:
    return pa.field(name, kind, nullable=True, metadata={"description": description})


def _table(name: str, fields: list[pa.Field[Any]]) -> pa.Schema:
    return pa.schema(fields, metadata={"mailstrata.table": name, "mailstrata.schema_version": str(SCHEMA_VERSION)})


MESSAGES = _table(
    "messages",
    [
        _required("sha256", _TEXT, "SHA-256 of the message (mbox quoting undone, separator left out), hexadecimal."),
        _required("canonical_sha256", _TEXT, "The same with CRLF written as LF: equal for twins by line ending."),
        _optional("message_id", _TEXT, "Message-ID without angle brackets."),
        _required("in_reply_to", _list(_TEXT), "The ids of In-Reply-To, without angle brackets."),
        _required("references", _list(_TEXT), "The ids of References, oldest first, without angle brackets."),
        _optional(
            "thread_root_id",
            _TEXT,
            "The first id of References, else of In-Reply-To, else `message_id`: one for a whole thread.",
        ),
        _optional("date", pa.timestamp("us"), "The Date field in UTC; null where it is missing or unreadable."),
        _optional(
            "date_offset_minutes",
            pa.int16(),
            "The sender's offset from UTC, as Date gives it (+0200 is 120).",
        ),
        _optional("from", _TEXT, "The From field, decoded."),
        _optional("from_address", _TEXT, "The first author's address in lower case."),
        _optional("from_domain", _TEXT, "What follows the last `@` of `from_address`."),
        _required("from_addresses", _ADDRESSES, "All mailboxes of From."),
        _optional("sender", _TEXT, "The Sender field, decoded."),
        _required("sender_addresses", _ADDRESSES, "The mailbox of Sender."),
        _optional("reply_to", _TEXT, "The Reply-To field, decoded."),
        _required("reply_to_addresses", _ADDRESSES, "The mailboxes of Reply-To."),
        _optional("to", _TEXT, "The To field, decoded."),
        _required("to_addresses", _ADDRESSES, "The mailboxes of To, group members included."),
        _optional("cc", _TEXT, "The Cc field, decoded."),
        _required("cc_addresses", _ADDRESSES, "The mailboxes of Cc."),
        _optional("bcc", _TEXT, "The Bcc field, decoded."),
        _required("bcc_addresses", _ADDRESSES, "The mailboxes of Bcc."),
        _required("delivered_to", _list(_TEXT), "The addresses of all Delivered-To fields, in lower case."),
        _optional("subject", _TEXT, "The Subject field, decoded."),
        _optional("list_id", _TEXT, "The identifier of List-Id (RFC 2919) in lower case: the mailing list."),
        _required("labels", _list(_TEXT), "The labels of X-Gmail-Labels and the phrases of Keywords."),
        _optional("mailer", _TEXT, "User-Agent, else X-Mailer: the program that wrote the message."),
        _optional("auto_submitted", _TEXT, "The keyword of Auto-Submitted (RFC 3834) in lower case."),
        _required("content_type", _TEXT, "The root's declared type, `type/subtype` in lower case."),
        _required("size", _BYTES, "Bytes of the message."),
        _required("header_size", _BYTES, "Bytes of its own header block, the blank line included."),
        _required("part_count", _COUNT, "Parts, the root and containers included."),
        _required("attachment_count", _COUNT, "Parts with `is_attachment`."),
        _required("attachment_bytes", _BYTES, "Decoded bytes of these."),
        _required("has_attachment", pa.bool_(), "Whether there is at least one."),
        _required(
            "is_signed",
            pa.bool_(),
            "Whether a part is declared signed: multipart/signed, or S/MIME signed data.",
        ),
        _required(
            "is_encrypted",
            pa.bool_(),
            "Whether a part is declared encrypted: multipart/encrypted, or S/MIME.",
        ),
        _required("defect_count", _COUNT, "Defects of the message and of all its parts."),
        _required(
            "defects",
            _DEFECTS,
            "What was wrong with the message as a whole; offsets count from its first byte.",
        ),
    ],
)

OCCURRENCES = _table(
    "occurrences",
    [
        _required("message", _TEXT, "`messages.sha256`."),
        _required("source", _TEXT, "The source's label."),
        _required("source_path", _TEXT, "The source's absolute path; `-` for standard input."),
        _optional("source_path_bytes", pa.binary(), "The exact path, where it is not UTF-8."),
        _required(
            "source_kind",
            _TEXT,
            "`mbox`, `maildir`, `eml`, `eml-tree`, `apple-mail`, `tar`, `zip` or `stdin`.",
        ),
        _required("file", _TEXT, "The file's name below the source's path; empty where the source is that file."),
        _optional("file_bytes", pa.binary(), "The exact name, where it is not UTF-8."),
        _required(
            "folder",
            _TEXT,
            "The mail folder as people know it (`INBOX`, `Work/2024`); empty where there is none.",
        ),
        _required("index", _BYTES, "The message's place in the source, from 0."),
        _required("start", _BYTES, "Byte offset of the message in the file (decompressed), after its `From ` line."),
        _required("end", _BYTES, "Byte offset after it."),
        _optional("separator", _TEXT, "The mbox `From ` line, without its line break."),
        _required("flags", _TEXT, "Maildir flags, sorted (`FS`: flagged and seen); empty where there are none."),
        _optional("quoting", _TEXT, "The variant of an mbox: `mboxo`, `mboxrd`, `mboxcl` or `mboxcl2`."),
        _optional("compression", _TEXT, "What was undone to read the file: `gzip`, `bzip2`, `xz` or `zstd`."),
        _required("defects", _DEFECTS, "What was wrong with the framing of the message; offsets count in the file."),
        _optional(
            "snapshot",
            _TEXT,
            "In an archive, the snapshot of the source in which the message was found here first; null elsewhere.",
        ),
    ],
)

PARTS = _table(
    "parts",
    [
        _required("message", _TEXT, "`messages.sha256`."),
        _required(
            "position",
            _COUNT,
            "The part's place in document order, from 0; containers before their children.",
        ),
        _required("path", _TEXT, "`1` for the root, `1.2` for its second child."),
        _required("depth", _COUNT, "Entities around the part; 0 for the root."),
        _required("content_type", _TEXT, "The declared type, `type/subtype` in lower case, defaults filled in."),
        _optional(
            "declared_type",
            _TEXT,
            "The same as Content-Type really says it; null where there is no such field, or none that can be read.",
        ),
        _optional(
            "sniffed_type",
            _TEXT,
            "The type by the first 4 KiB of the content; null where nothing is recognised.",
        ),
        _optional("filename", _TEXT, "The declared file name, decoded, as it stands: hostile until made safe."),
        _optional("charset", _TEXT, "The declared charset in lower case."),
        _required("encoding", _TEXT, "The declared transfer encoding in lower case; `7bit` where none is declared."),
        _optional(
            "disposition",
            _TEXT,
            "`attachment`, `inline` or what else Content-Disposition says, in lower case.",
        ),
        _optional("content_id", _TEXT, "Content-ID without angle brackets."),
        _required("is_attachment", pa.bool_(), "A leaf with a file name, declared an attachment, or not text."),
        _required("is_container", pa.bool_(), "Taken apart into children: a multipart, or an embedded message."),
        _required("is_opaque", pa.bool_(), "Not taken apart, or not wholly, because of a limit."),
        _required("start", _BYTES, "Byte offset of the part's header in the message."),
        _required("body_start", _BYTES, "Byte offset of its body in the message."),
        _required("end", _BYTES, "Byte offset after its body in the message."),
        _required("encoded_size", _BYTES, "Bytes of the body as it stands: `end - body_start`."),
        _optional("size", _BYTES, "Bytes of the decoded content; null for containers."),
        _optional("blob", _TEXT, "`blobs.sha256`: SHA-256 of the decoded content; null for containers."),
        _required("defects", _DEFECTS, "What was wrong with the part; offsets count in the message."),
        # Null in rows that were made before there were flags: nobody has looked.
        *(_optional(flag.column, pa.bool_(), flag.description) for flag in Flag),
    ],
)

BLOBS = _table(
    "blobs",
    [
        _required("sha256", _TEXT, "SHA-256 of the decoded content, hexadecimal."),
        _required("size", _BYTES, "Bytes of the content."),
        _optional("sniffed_type", _TEXT, "As in `parts`."),
        _optional("pack", _TEXT, "The name of the pack file that holds it; null where no pack has it by itself."),
        _optional(
            "frame", _BYTES, "Byte offset in the pack of the zstd frame, or the first of the frames, that hold it."
        ),
        _optional("frame_length", _BYTES, "Bytes of these frames, compressed."),
        _optional("offset", _BYTES, "Byte offset of the content in the decompressed frames."),
        _optional("length", _BYTES, "Bytes of the content there."),
    ],
)

TABLES: dict[str, pa.Schema] = {
    "messages": MESSAGES,
    "occurrences": OCCURRENCES,
    "parts": PARTS,
    "blobs": BLOBS,
}


if __name__ == "__main__":
    from mailstrata.index.schema_page import main

    main()
