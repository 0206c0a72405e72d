"""Rows of the table of occurrences that wait: a worker does not know how many messages stand before a run of its own.

Until the commit, `index` is the number of the run and the message's place in it. Then the coordinator has seen all
runs, and says for each how many messages of its source stand before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import IO, Any

import pyarrow as pa

from mailstrata.archive.jobs.claims import scratch_error
from mailstrata.index.schema import TABLES
from mailstrata.index.writer import IndexWriter

_ROWS = 2048
_SHIFT = 40
_WITHIN_RUN = (1 << _SHIFT) - 1
_COLUMN = "index"


class WaitingOccurrences:
    """Holds some thousand rows; those before them are in a temporary file. Raises `TargetError` where it is full."""

    def __init__(self) -> None:
        self._schema: pa.Schema = TABLES["occurrences"]
        self._place = self._schema.get_field_index(_COLUMN)
        self._rows: list[tuple[Any, ...]] = []
        self._runs = 0
        self._file: IO[bytes] | None = None
        self._writer: Any = None

    def begin_run(self) -> None:
        """The rows that follow are those of the next run."""
        self._runs += 1

    def add(self, values: Sequence[Any]) -> None:
        """A row as the values of all columns in order, whose index counts from the beginning of the run."""
        place = self._place
        self._rows.append((*values[:place], values[place] + ((self._runs - 1) << _SHIFT), *values[place + 1 :]))
        if len(self._rows) >= _ROWS:
            self._write()

    def _write(self) -> None:
        batch = self._batch()
        try:
            if self._writer is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by discard
                self._writer = pa.ipc.new_stream(self._file, self._schema)
            self._writer.write_batch(batch)
        except OSError as error:
            raise scratch_error(error) from error

    def _batch(self) -> pa.RecordBatch:
        rows, self._rows = self._rows, []
        columns = zip(*rows, strict=True)
        arrays = [pa.array(column, type=field.type) for field, column in zip(self._schema, columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def hand_over(self, bases: list[int], index: IndexWriter) -> None:
        """Give all rows to the index; `bases` are how many messages stand before each run, in the order of the runs."""
        added = pa.array(bases, pa.int64())
        if self._writer is not None:
            try:
                self._writer.close()
                assert self._file is not None
                self._file.seek(0)
                with pa.ipc.open_stream(self._file) as reader:
                    for batch in reader:
                        index.add_batch("occurrences", self._placed(batch, added))
            except OSError as error:
                raise scratch_error(error) from error
        if self._rows:
            index.add_batch("occurrences", self._placed(self._batch(), added))
        self.discard()

    def _placed(self, batch: pa.RecordBatch, bases: pa.Array) -> pa.RecordBatch:
        # To import it takes 50 ms, before which no worker would begin.
        import pyarrow.compute as pc  # noqa: PLC0415

        place = self._place
        stated = batch.column(place).cast(pa.int64())
        runs = pc.shift_right(stated, _SHIFT)
        within = pc.bit_wise_and(stated, _WITHIN_RUN)
        index = pc.add(within, bases.take(runs)).cast(self._schema.field(place).type)
        return pa.RecordBatch.from_arrays(
            [*batch.columns[:place], index, *batch.columns[place + 1 :]], schema=self._schema
        )

    def discard(self) -> None:
        """Drop everything; rows of the next runs may follow."""
        self._writer = None
        self._rows = []
        self._runs = 0
        file, self._file = self._file, None
        if file is not None:
            file.close()
