"""The progress bar: on a terminal, for work that takes longer than a second; nothing anywhere else."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from mailstrata.cli.terminal import cut, safe_line
from mailstrata.cli.units import format_bytes, format_duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from mailstrata.sinks.progress import Progress

_DELAY_SECONDS = 1.0
_REFRESH_SECONDS = 0.1
_LABEL_COLUMNS = 24


class ProgressBar:
    """Shows on standard error how far a run is. Use as a context manager; `update` is the pipeline's callback.

    It draws from within `update`, so it needs no thread, and none of rich is imported before there is something to
    draw.
    """

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._drawn = 0.0
        self._rich: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._rich is not None:
            self._rich.stop()

    def update(self, progress: Progress) -> None:
        """The run has come this far."""
        now = time.monotonic()
        if now - self._started < _DELAY_SECONDS or now - self._drawn < _REFRESH_SECONDS:
            return
        self._drawn = now
        bar, task = self._bar()
        bar.update(
            task,
            completed=progress.bytes_read,
            total=_total(progress),
            description=cut(safe_line(progress.source), _LABEL_COLUMNS),
            state=describe(progress, now - self._started),
        )
        if bar.live.is_started:
            bar.refresh()
        else:
            bar.start()

    def _bar(self) -> tuple[RichProgress, TaskID]:
        if self._rich is None or self._task is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._rich = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[state]}", markup=False),
                console=Console(stderr=True),
                auto_refresh=False,
                transient=True,
                expand=True,
            )
            self._task = self._rich.add_task("", total=None, state="")
        return self._rich, self._task


def describe(progress: Progress, seconds: float) -> str:
    """Bytes, messages, rate and time left of a run that has taken so many seconds."""
    done, total = progress.bytes_read, _total(progress)
    rate = done / seconds if seconds > 0 else 0.0
    amount = format_bytes(done) if total is None else f"{format_bytes(done)} of {format_bytes(total)}"
    pieces = [amount, f"{progress.messages:,} messages", f"{format_bytes(rate)}/s"]
    if total is not None and rate > 0:
        pieces.append(f"{format_duration((total - done) / rate)} left")
    return "  ".join(pieces)


def _total(progress: Progress) -> int | None:
    """The bytes that there are to read, as far as that is known: compressed sources hold more than their size on disk
    says."""
    total = progress.bytes_total
    return None if total is None or progress.bytes_read > total else total


def wanted(quiet: bool, writes_results: bool = False) -> bool:
    """Whether to show progress: standard error is a terminal, and no results run through the same screen."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        return False
    return not (writes_results and sys.stdout is not None and sys.stdout.isatty())
