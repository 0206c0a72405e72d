"""How the rows of each table lie in its Parquet files, so that readers can skip most of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Layout:
    """What `IndexWriter` does with a table.

    `title` says what a row is. Each row group is sorted in itself by `sorted_by`; where that is empty, rows
    stay in the order in which they were added. The columns of `looked_up_by` have Bloom filters. Those of
    `repeating` hold the same values again and again and are dictionary-encoded: for others a dictionary costs
    memory and saves nothing.
    """

    title: str
    sorted_by: tuple[str, ...] = ()
    looked_up_by: tuple[str, ...] = ()
    repeating: tuple[str, ...] = ()


LAYOUTS: dict[str, Layout] = {
    "messages": Layout(
        title="one row a distinct message",
        sorted_by=("date",),
        looked_up_by=("sha256", "message_id", "thread_root_id", "from_address"),
        repeating=(
            *("thread_root_id", "references", "date_offset_minutes", "from", "from_address", "from_domain"),
            *("from_addresses", "sender", "sender_addresses", "reply_to", "reply_to_addresses", "to"),
            *(
                "to_addresses",
                "cc",
                "cc_addresses",
                "bcc",
                "bcc_addresses",
                "delivered_to",
                "subject",
                "list_id",
            ),
            *(
                "labels",
                "mailer",
                "auto_submitted",
                "content_type",
                "part_count",
                "attachment_count",
                "defects",
            ),
        ),
    ),
    "occurrences": Layout(
        title="one row for each place where a message was found",
        looked_up_by=("message",),
        repeating=(
            *("source", "source_path", "source_path_bytes", "source_kind", "file", "file_bytes", "folder"),
            *("separator", "flags", "quoting", "compression", "defects"),
        ),
    ),
    "parts": Layout(
        title="one row a part of a distinct message",
        sorted_by=("message", "position"),
        looked_up_by=("message", "blob"),
        repeating=(
            *("message", "position", "path", "depth", "content_type", "sniffed_type", "filename", "charset"),
            *("encoding", "disposition", "defects"),
        ),
    ),
    "blobs": Layout(
        title="one row for each distinct decoded content of a leaf",
        sorted_by=("sha256",),
        looked_up_by=("sha256",),
        repeating=("sniffed_type", "pack", "frame"),
    ),
}


def leaf_paths(field: pa.Field[Any]) -> list[str]:
    """The Parquet paths of a column's leaves: `date`, or `to_addresses.list.element.name` and so on."""

    def paths(name: str, kind: pa.DataType) -> Iterator[str]:
        if pa.types.is_list(kind):
            yield from paths(f"{name}.list.element", kind.value_type)
        elif pa.types.is_struct(kind):
            for index in range(kind.num_fields):
                child = kind.field(index)
                yield from paths(f"{name}.{child.name}", child.type)
        else:
            yield name

    return list(paths(field.name, field.type))
