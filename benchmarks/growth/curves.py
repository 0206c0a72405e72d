"""What is measured against what."""

from __future__ import annotations

from dataclasses import dataclass

START = 0
"""The point of next to nothing: what it takes to start."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Jobs, measured against an amount.

    `kind` is the kind of input, `size` how much of it (as `benchmarks.inputs` takes it) is one of the amount, `start`
    what stands for next to nothing. `input_bytes` and `output_bytes` say how much disk one of the amount needs,
    roughly. `axis` and `unit` are words for people.
    """

    name: str
    axis: str
    unit: str
    kind: str
    jobs: tuple[str, ...]
    points: tuple[int, ...]
    full_points: tuple[int, ...]
    size: int
    start: int
    input_bytes: int
    output_bytes: int

    def amounts(self, *, full: bool, scale: float = 1.0) -> list[int]:
        """The points, the start among them, in their order."""
        chosen = self.points + (self.full_points if full else ())
        return [START, *dict.fromkeys(max(1, round(amount * scale)) for amount in chosen)]

    def input_size(self, amount: int) -> int:
        """How large the input for a point is, as `benchmarks.inputs` takes it."""
        return self.start if amount == START else amount * self.size

    def needs(self, amount: int) -> int:
        """Bytes of disk, roughly."""
        return amount * (self.input_bytes + self.output_bytes)


SIZES = (
    Curve(
        *("messages", "messages of 6.6 KB", "message", "small", ("parse", "archive", "verify")),
        *((1_000, 3_000, 10_000, 30_000), (100_000, 1_000_000)),
        *(1, 1, 6_650, 2_700),
    ),
    Curve(
        *("attachment", "size of the attachment", "MiB", "huge", ("parse", "extract", "archive")),
        *((1, 4, 16, 64, 256), (1024, 4096)),
        # An archive has it twice for a while: compressed beside the pack, and in it.
        *(1 << 20, 1 << 10, 1_420_000, 2 << 20),
    ),
    Curve(
        *("blobs", "distinct attachments of 1,000 bytes", "attachment", "blobs", ("archive", "verify")),
        *((1_000, 3_000, 10_000, 30_000), (100_000, 1_000_000)),
        *(1, 1, 2_000, 1_200),
    ),
)
"""The curves against a size. Steps are about threefold or fourfold, tenfold where a point takes minutes."""

AGE = "age"
NAMES = (*(curve.name for curve in SIZES), AGE)
