"""Messages that come to a worker as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailstrata.archive.recording.whole_messages import WholeMessages

if TYPE_CHECKING:
    from mailstrata.archive.commits.totals import Totals
    from mailstrata.archive.jobs.worker_run import WorkerRun
    from mailstrata.sinks.whole import WholeMessage, WholePart


class WorkerWholeMessages(WholeMessages):
    """Messages as a whole, of which the run is told what it needs to settle."""

    def __init__(self, run: WorkerRun) -> None:
        super().__init__(run.session, run._rows, run._found, run._unplaced, run._erased_blobs)
        self._run = run

    def _without_attachments(self, message: WholeMessage, totals: Totals) -> bytes:
        data = super()._without_attachments(message, totals)
        self._run.kept = len(data)
        return data

    def _keep_whole_part(self, whole: WholePart, content: bytes, encoded_size: int, totals: Totals) -> None:
        super()._keep_whole_part(whole, content, encoded_size, totals)
        self._run.settle_blob(len(content))
