"""Running a target once: what it raises passes through, and taking too long is a finding as well."""

from __future__ import annotations

import time
from collections.abc import Callable

from fuzz.given import CHOICE_BYTES

Target = Callable[[bytes], None]

BASE_SECONDS = 0.5
SECONDS_PER_KILOBYTE = 0.05
"""An input of so many bytes may take this much processor time, far more than linear work does under instrumentation:
work that grows with the square of the input exceeds it at a few dozen kilobytes."""

AMPLIFIED_BYTES = 1 << 16
"""How long the content of an input becomes that is repeated, to see that time grows no faster than it."""

_ATTEMPTS = 3


class TooSlowError(Exception):
    """An input took much longer than its size explains."""


def allowed_seconds(size: int) -> float:
    """The processor time that an input of `size` bytes may take, in seconds."""
    return BASE_SECONDS + SECONDS_PER_KILOBYTE * size / 1000


def run(target: Target, data: bytes) -> None:
    """Run the target. Raises `TooSlowError` where it is slow each time: once may be the machine's fault."""
    allowed = allowed_seconds(len(data))
    taken = 0.0
    for _ in range(_ATTEMPTS):
        start = time.process_time()
        target(data)
        taken = time.process_time() - start
        if taken <= allowed:
            return
    raise TooSlowError(f"{len(data)} bytes took {taken:.2f} seconds; at most {allowed:.2f} are allowed")


def run_amplified(target: Target, data: bytes) -> None:
    """Run the target with the content of an input over and over: what costs its square is seldom met in a short one."""
    choices, content = data[:CHOICE_BYTES], data[CHOICE_BYTES:]
    if content:
        run(target, choices + content * max(1, AMPLIFIED_BYTES // len(content)))
