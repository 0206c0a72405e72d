"""The table *texts*, column by column; docs/texts.md shows the same as a table (a test compares them).

`SCHEMA_VERSION` is raised when a column changes its meaning or goes away; a new column does not raise it.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

SCHEMA_VERSION = 1


def _field(name: str, kind: pa.DataType, description: str, *, nullable: bool = False) -> pa.Field[Any]:
    return pa.field(name, kind, nullable=nullable, metadata={"description": description})


TEXTS = pa.schema(
    [
        _field("kind", pa.string(), "`body` of a message, or `attachment`: content of a part."),
        _field("sha256", pa.string(), "`messages.sha256` for a body, `parts.blob` for an attachment."),
        _field("content_type", pa.string(), "What it was taken for, `type/subtype` in lower case."),
        _field(
            "text",
            pa.string(),
            "The text; of a body, what its writer wrote. Null where there is none.",
            nullable=True,
        ),
        _field(
            "quoted",
            pa.string(),
            "Quoted history of a body, with the lines that introduce it; else null.",
            nullable=True,
        ),
        _field("signature", pa.string(), "The signature of a body; else null.", nullable=True),
        _field(
            "status",
            pa.string(),
            "`ok`, `empty`, `no-text`, `unsupported`, `truncated`, `encrypted`, `damaged`, `timeout`, `memory` or "
            "`crashed`.",
        ),
        _field("reason", pa.string(), "Why the status is not `ok`, for people.", nullable=True),
        _field("extractor", pa.string(), "Name and version of what made the text.", nullable=True),
        _field("characters", pa.int64(), "Characters of `text`, 0 where that is null."),
        _field("seconds", pa.float32(), "What it took, wall clock."),
    ],
    metadata={"mailstrata.table": "texts", "mailstrata.schema_version": str(SCHEMA_VERSION)},
)


def markdown() -> str:
    """The table of docs/texts.md."""
    lines = ["| column | type | null | what it holds |", "|---|---|---|---|"]
    for field in TEXTS:
        description = (field.metadata or {})[b"description"].decode()
        lines.append(f"| `{field.name}` | {field.type} | {'yes' if field.nullable else ''} | {description} |")
    return "\n".join(lines) + "\n"
