"""`mailstrata strip`: a mailbox without its attachments, and these beside it."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mailstrata.cli import options, output, stripped_options

if TYPE_CHECKING:
    from mailstrata.message.origin import MboxVariant


@click.command("strip", short_help="Take the attachments out of a mailbox.")
@click.argument("source", type=stripped_options.PATH)
@options.target("DEST", "The stripped mailbox, of the same kind: a new file or folder.")
@stripped_options.attachments("Where the attachments go, each once; may be shared by many mailboxes.")
@click.option(
    "--minimum-size",
    "minimum_bytes",
    type=options.SIZE,
    default="4Ki",
    show_default=True,
    metavar="SIZE",
    help="Leave parts in whose bodies, as they stand in the message, are smaller (20k, 1M).",
)
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="PATTERN",
    help="Take out only parts of such a type: image/*, application/pdf; !text/* is all but these. Repeatable.",
)
@click.option(
    "--disposition",
    "dispositions",
    multiple=True,
    type=click.Choice(("attachment", "inline")),
    help="Take out only parts that are declared so. Repeatable.",
)
@click.option("--all-parts", is_flag=True, help="Take out text as well, not only what people call attachments.")
@options.reading()
@options.as_json("Write the summary as one JSON object.")
@options.quiet()
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    target: str,
    attachments: str,
    minimum_bytes: int,
    types: tuple[str, ...],
    dispositions: tuple[str, ...],
    all_parts: bool,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write SOURCE to DEST with its attachments taken out, and these to DIR as files named by their SHA-256.

    DEST opens in any mail program and shows of each attachment its name, type and size. DIR also gets manifest.jsonl,
    with which `mailstrata unstrip` gives SOURCE back byte for byte. An interrupted run leaves no DEST."""
    from mailstrata.cli import strip_summary
    from mailstrata.cli.running import exit_code, refuse_target_in_source, run
    from mailstrata.stripped.sink import StripSink
    from mailstrata.stripping import StripPolicy

    refuse_target_in_source([source], target)
    refuse_target_in_source([source], attachments)
    policy = StripPolicy(
        minimum_bytes=minimum_bytes, types=types, dispositions=dispositions, attachments_only=not all_parts
    )
    sink = StripSink(
        target,
        attachments,
        policy=policy,
        source=b"-" if source == "-" else os.fsencode(os.path.abspath(source)),  # noqa: PTH100 - as sources name themselves
        on_renamed=strip_summary.note_renamed,
    )
    try:
        report = run([source], sink, mbox_variant=mbox_variant, max_depth=max_depth, max_parts=max_parts, quiet=quiet)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(
            "interrupted; DEST was not written, attachments that were kept stay; run the same command again"
        ) from interrupt
    if as_json:
        output.write_json(strip_summary.as_object(report, sink.totals))
    elif not quiet:
        output.write(strip_summary.as_text(report, sink.totals, minimum_bytes))
    if report.skipped_files:
        output.note("files without mail are not in DEST; the manifest lists them")
    ctx.exit(exit_code(report, [source]))
