"""Driving the pipeline for the commands that read sources, and ending with the right exit code."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mailstrata.cli import output
from mailstrata.cli.options import limits
from mailstrata.cli.progress import ProgressBar, wanted
from mailstrata.cli.units import format_count
from mailstrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailstrata.archive.jobs.fleet import Fleet
    from mailstrata.message.origin import Failure, MboxVariant
    from mailstrata.sinks.pipeline import Report
    from mailstrata.sinks.protocol import KnownFiles, Sink


def run(
    sources: Sequence[str],
    sink: Sink | list[Sink],
    *,
    mbox_variant: MboxVariant | None,
    max_depth: int,
    max_parts: int,
    quiet: bool = False,
    writes_results: bool = False,
    known: KnownFiles | None = None,
    checkpoint_bytes: int | None = None,
    fleet: Fleet | None = None,
) -> Report:
    """Read all sources into the sink, or into each of several. `writes_results` says that the sink itself writes to
    standard output; `known` and `checkpoint_bytes` are as in `Pipeline`. With a `fleet` the sink must be a
    `CoordinatorSink`.

    Raises what the pipeline raises; a source that cannot be read is in the report instead.
    """
    from mailstrata.sinks.pipeline import DEFAULT_CHECKPOINT_BYTES, Pipeline
    from mailstrata.sinks.seldom_collecting import collecting_seldom
    from mailstrata.sources.discover import find_sources

    bar = ProgressBar() if wanted(quiet, writes_results) else None
    with bar or nullcontext(), collecting_seldom():
        found = find_sources(sources, mbox_variant=mbox_variant)
        progress = None if bar is None else bar.update
        every = checkpoint_bytes or DEFAULT_CHECKPOINT_BYTES
        if fleet is not None:
            from mailstrata.archive.jobs.coordinator_run import CoordinatorSink
            from mailstrata.archive.jobs.parallel import ParallelPipeline

            assert isinstance(sink, CoordinatorSink)
            parallel = ParallelPipeline(
                sink, fleet, limits=limits(max_depth, max_parts), progress=progress, checkpoint_bytes=every
            )
            return parallel.run(found)
        sinks = sink if isinstance(sink, list) else [sink]
        pipeline = Pipeline(
            sinks, limits=limits(max_depth, max_parts), progress=progress, checkpoint_bytes=every, known=known
        )
        return pipeline.run(found)


def refuse_target_in_source(sources: Sequence[str], target: str) -> None:
    """Raise `UsageError` where a run would read what it writes: the target is a source folder, or inside one."""
    place = Path(os.path.realpath(target))
    for source in sources:
        folder = Path(os.path.realpath(source))
        if source != "-" and (place == folder or (folder in place.parents and folder.is_dir())):
            raise UsageError(f"the target {target} is the source {source} or lies inside it; choose another target")


def exit_code(report: Report, words: Sequence[str]) -> int:
    """Say what could not be read, one line each; the code of the first failure, or 0. `words` are the sources that
    the user named."""
    for failure in report.failures:
        output.error(_line(failure))
    if report.failed > len(report.failures):
        output.note(f"and {report.failed - len(report.failures):,} more that could not be read")
    if not report.failures:
        return 0
    if report.sources > 1 or len(words) > 1:
        failed = len({failure.label for failure in report.failures})
        output.note(f"{format_count(failed, 'source')} could not be read whole; everything else was done")
    return report.failures[0].error.exit_code


def _line(failure: Failure) -> str:
    text = str(failure.error)
    return text if failure.label in text else f"{failure.label}: {text}"
