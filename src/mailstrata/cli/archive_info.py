"""What `mailstrata info` says of an archive, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailstrata.cli.savings import Savings
from mailstrata.cli.summary import as_lines, defect_rows
from mailstrata.cli.terminal import pad, safe_line
from mailstrata.cli.units import format_bytes, format_count

if TYPE_CHECKING:
    from mailstrata.archive.commits.records import SourceSnapshot
    from mailstrata.archive.commits.totals import Totals
    from mailstrata.archive.reading.reader import ArchiveInfo

_STATUS = {"complete": "whole", "incomplete": "not whole", "open": "not finished"}


def _savings(info: ArchiveInfo) -> Savings:
    return Savings.of(info.totals, packs_bytes=info.pack_bytes, index_bytes=info.index_bytes)


def as_text(info: ArchiveInfo) -> str:
    """For people: what is in it, what it saved, its ledger, its sources."""
    totals = info.totals
    messages = f"{format_count(info.messages, 'message')}, found in {format_count(info.occurrences, 'place')}"
    commits = format_count(info.commits, "commit")
    if info.commits:
        commits += f", the last on {info.changed}"
    if info.commits > 1:
        commits += f", the first on {info.created}"
    rows = [
        ("holds", f"{messages}; {format_count(info.blobs, 'blob')}"),
        ("parts", _parts(totals)),
        *_savings(info).rows(),
        ("files", f"{format_count(info.packs, 'pack')}, {format_count(info.index_files, 'index file')}"),
        ("commits", commits),
    ]
    ledger = [
        ("bytes", totals.source_bytes),
        ("messages", totals.message_source_bytes),
        ("separators", totals.separator_bytes),
        ("gaps", totals.gap_bytes),
    ]
    found = [
        ("found", totals.messages_found),
        ("new", totals.messages_new),
        ("duplicate", totals.messages_duplicate),
        ("erased", totals.messages_erased),
    ]
    width = max(len(f"{count:,}") for _, count in (*ledger, *found))
    lines = [
        as_lines(rows),
        "\nledger of all that was read, in bytes: messages as they stand there + `From ` lines + gaps\n",
        *(_ledger_line(name, count, width) for name, count in ledger),
        "in messages: new + duplicate + erased before\n",
        *(_ledger_line(name, count, width) for name, count in found),
        f"  {_verdict(totals)}\n",
        "\n",
        as_lines(defect_rows(totals.defects)),
        f"\n{format_count(len(info.sources), 'source')}\n",
        *(_source_line(source) for source in info.sources),
    ]
    return "".join(lines)


def _parts(totals: Totals) -> str:
    said = f"{totals.parts_by_recipe:,} taken out by recipe"
    if totals.parts_with_patches:
        said += f" ({totals.parts_with_patches:,} with patches)"
    said += f", {totals.parts_kept:,} kept as they are"
    if totals.base64_attachments:
        share = 100 * totals.base64_attachments_by_recipe / totals.base64_attachments
        said += f"; {share:.1f} % of {format_count(totals.base64_attachments, 'base64 attachment')} by recipe"
    return said


def _ledger_line(name: str, count: int, width: int) -> str:
    return f"  {pad(name, 10)}  {pad(f'{count:,}', width, right=True)}\n"


def _verdict(totals: Totals) -> str:
    wrong = totals.check()
    return "adds up" if wrong is None else f"DOES NOT ADD UP: {wrong}"


def _source_line(source: SourceSnapshot) -> str:
    totals = source.totals
    said = [
        f"{safe_line(source.label)}  ({source.kind})",
        format_count(totals.messages_found + totals.messages_unchanged, "message"),
        format_bytes(totals.source_bytes + totals.bytes_unchanged),
    ]
    if source.status != "complete":
        said.append("; ".join([_STATUS[source.status], *map(safe_line, source.reasons)]))
    return f"  {'  '.join(said)}\n"


def as_object(info: ArchiveInfo) -> dict[str, Any]:
    """As JSON; the keys are documented in docs/command-line.md."""
    return {
        "commits": info.commits,
        "created": info.created or None,
        "changed": info.changed or None,
        "messages": info.messages,
        "occurrences": info.occurrences,
        "blobs": info.blobs,
        "packs": info.packs,
        "index_files": info.index_files,
        **_savings(info).as_object(),
        "ledger": info.totals.to_json(),
        "sources": [_source_object(source) for source in info.sources],
        "snapshots": info.snapshots,
    }


def _source_object(source: SourceSnapshot) -> dict[str, Any]:
    return {
        "id": source.id,
        "label": source.label,
        "path": source.path.decode("utf-8", "replace"),
        "kind": source.kind,
        "status": source.status,
        "reasons": source.reasons,
        "first_commit": source.first_commit,
        "last_commit": source.last_commit,
        "ledger": source.totals.to_json(),
    }
