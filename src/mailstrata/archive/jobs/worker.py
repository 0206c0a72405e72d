"""The process of a worker: orders in, answers out, until there are no more.

It is started with descriptors and a few words (`main`), and speaks with the coordinator over a socket. When that is
gone, however it ended, the worker ends too: it has committed nothing, and leaves what the next writer sweeps.
"""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from mailstrata.archive.jobs.claims import ClaimTable
from mailstrata.archive.jobs.results import KnownPlace, Order, Piece, RunResult, SourceOrder
from mailstrata.archive.jobs.slots import Slot, read_slot
from mailstrata.archive.jobs.worker_run import WorkerRun, WorkerSink
from mailstrata.errors import MailstrataError
from mailstrata.message.origin import Failure, FileInfo, LengthCheck, SourceFile
from mailstrata.message.quoting import EventStream
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.sinks.delivery import Delivery
from mailstrata.sinks.file_chunks import FileChunks
from mailstrata.sinks.file_digest import FileDigest
from mailstrata.sinks.protocol import OutsideKind
from mailstrata.sinks.seldom_collecting import collecting_seldom
from mailstrata.sources.chunks import CHUNK_BYTES


def main(socket: int, slots: int, claims: int) -> None:
    """Work until the coordinator says so, or is gone; the arguments are descriptors."""
    # Ctrl-C goes to all processes of a terminal; the coordinator alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with Connection(socket) as connection, collecting_seldom():
        if not serve(connection, slots, claims):
            raise SystemExit(1)


def serve(connection: Connection, slots: int, claims: int) -> bool:
    """Carry out what comes over the connection; says whether that went well. If not, the coordinator has been told."""
    with ExitStack() as opened:
        try:
            order = connection.recv()
            if order[0] == "end":
                return True
            _, directory, level, limits, name = order
            table = ClaimTable(claims, slots)
            opened.callback(table.close)
            run = WorkerRun(Path(directory), level, table, name)
            opened.callback(_abort, run)
            worker = _Worker(connection, slots, run, Limits(**limits))
            while worker.obey(connection.recv()):
                pass
        except (EOFError, ConnectionError):
            return True
        except BaseException as error:
            with suppress(ConnectionError):
                connection.send(("failed", _portable(error)))
            return False
    return True


def _abort(run: WorkerRun) -> None:
    # What it leaves is swept; there is nobody to tell who could do more about it.
    with suppress(MailstrataError, OSError):
        run.abort()


def _portable(error: BaseException) -> BaseException:
    """The error, or what can be sent of it: where it is one of ours, the coordinator raises the same."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        if type(copy) is type(error) and str(copy) == str(error):
            return error
    except Exception as unsendable:  # an exception may hold anything
        return MailstrataError(f"{type(error).__name__}: {error} ({type(unsendable).__name__} when it was told)")
    return MailstrataError(f"{type(error).__name__}: {error}")


class _Worker:
    """Carries out orders, see `results`."""

    def __init__(self, connection: Connection, slots: int, run: WorkerRun, limits: Limits) -> None:
        self._connection = connection
        self._slots = slots
        self._run = run
        self._limits = limits
        self._sink = WorkerSink(run)
        self._delivery = Delivery([self._sink], limits)
        self._bytes_read = 0

    def obey(self, order: Order) -> bool:
        """Carry out an order; says whether more are to come."""
        kind = order[0]
        if kind == "slots":
            order = pickle.loads(b"".join(piece for slot in order[1] for piece in self._read(slot)))  # noqa: S301 - the coordinator's
            kind = order[0]
        if kind == "files":
            for number, source, files in order[1]:
                self._files(number, source, files)
            self._connection.send(("done", None))
        elif kind == "piece":
            self._piece(order[1])
            self._connection.send(("done", None))
        elif kind == "commit":
            self._connection.send(("ready", self._run.hand_over(order[1])))
        elif kind == "begin":
            self._run.begin(order[1])
        else:
            assert kind == "end", kind
            return False
        return True

    def _read(self, slot: Slot) -> Iterator[bytes]:
        # As large as the pieces that a file is read in, which are so small that they stay in the processor's cache.
        yield from read_slot(self._slots, slot, CHUNK_BYTES)
        self._connection.send(("free", slot[0]))

    # Runs ----------------------------------------------------------------------------------------------------

    def _answer(self, result: RunResult, before: tuple[int, int, int, int]) -> None:
        delivery = self._delivery
        self._run.end_run(result)
        result.messages = delivery.messages - before[0]
        result.parts = delivery.parts - before[1]
        result.attachments = delivery.attachments - before[2]
        result.decoded_bytes = delivery.decoded_bytes - before[3]
        result.bytes_read = self._bytes_read
        result.defects = dict(delivery.defects)
        delivery.defects.clear()
        self._connection.send(("run", result))

    def _begin(self, number: int, source: SourceOrder) -> tuple[int, int, int, int]:
        self._run.begin_run(number, source)
        self._bytes_read = 0
        delivery = self._delivery
        return delivery.messages, delivery.parts, delivery.attachments, delivery.decoded_bytes

    def _note(self, size: int) -> None:
        self._bytes_read += size

    def _files(self, number: int, source: SourceOrder, files: list[tuple[SourceFile, KnownPlace | None]]) -> None:
        """Read files from their beginning to their end."""
        before = self._begin(number, source)
        result = RunResult(number)
        index = 0
        for file, known in files:
            self._run.set_known_place(known)
            index = self._file(source, file, index, result)
        self._answer(result, before)

    def _file(self, source: SourceOrder, file: SourceFile, index: int, result: RunResult) -> int:
        sink, info = self._sink, file.info
        sink.begin_file(source.info, info)
        chunks = FileChunks(0, FileDigest(), self._note)
        with closing(file.regions()) as regions:
            for region in chunks.regions(regions):
                if region.kind == "gap":
                    self._gap(chunks, chunks.offset)
                    continue
                stream = self._stream(region.kind, info, chunks.offset, file.length_check)
                # A file that is one message has the digest of its message.
                of_file = chunks.digest if region.kind == "message" and chunks.offset == 0 else None
                for _ in self._delivery.deliver(stream, chunks, source.info, info, index, of_file):
                    index += 1
        if chunks.error is not None:
            result.failures.append(Failure(source.info.label, chunks.error, info.name))
        sink.end_file(source.info, info, chunks.outcome())
        return index

    def _gap(self, chunks: Iterable[bytes], offset: int) -> None:
        for chunk in chunks:
            self._delivery.outside(OutsideKind.GAP, offset, chunk)
            offset += len(chunk)

    def _stream(self, kind: str, file: FileInfo, offset: int, length_check: LengthCheck | None) -> EventStream:
        is_mbox = kind == "mbox"
        parser = Parser(
            "mbox" if is_mbox else "message",
            limits=self._limits,
            offset=offset,
            length_check=length_check if is_mbox else None,
        )
        return EventStream(parser, file.quoting if is_mbox else None)

    def _piece(self, piece: Piece) -> None:
        """Read a part of a region, up to where it is cut or ends."""
        before = self._begin(piece.number, piece.source)
        self._run.set_known_place(piece.known)
        fragment = self._run.go_on(piece.file, piece.start)
        result = RunResult(piece.number)
        chunks = _PieceChunks(self._connection, self._read)
        with ExitStack() as opened:
            if piece.kind == "gap":
                self._gap(chunks, piece.start)
            else:
                check = None if piece.lengths is None else _length_check(piece.lengths, opened)
                result.is_confirmed = self._deliver(
                    piece, self._stream(piece.kind, piece.file, piece.start, check), chunks
                )
        self._bytes_read = fragment.position - piece.start
        self._answer(result, before)

    def _deliver(self, piece: Piece, stream: EventStream, chunks: _PieceChunks) -> bool:
        """Deliver the messages of a piece; says whether one begins where it was cut.

        Behind the cut comes the line that should begin a message. Only if the parser, which has seen all before it,
        takes it for that has the last message ended there, blank line aside, and not with the input.
        """
        delivery = self._delivery
        for end in delivery.deliver(stream, chunks, piece.source.info, piece.file, 0):
            if chunks.cut is not None and end + len(chunks.blank) >= chunks.cut:
                if end not in (chunks.cut, chunks.cut - len(chunks.blank)):
                    return False
                if end < chunks.cut:
                    delivery.outside(OutsideKind.GAP, end, chunks.blank)
                return True
        return chunks.cut is None


class _PieceChunks:
    """The bytes of a piece as they arrive.

    Once it was told, `cut` is where the piece ends before its region does, and `blank` the blank line before that.
    """

    __slots__ = ("_connection", "_read", "blank", "cut")

    def __init__(self, connection: Connection, read: Callable[[Slot], Iterator[bytes]]) -> None:
        self._connection = connection
        self._read = read
        self.cut: int | None = None
        self.blank = b""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            order = self._connection.recv()
            if order[0] == "data":
                yield from self._read(order[1])
            elif order[0] == "cut":
                _, self.cut, self.blank, ahead = order
                yield ahead
                return
            else:
                assert order[0] == "end", order[0]
                return


def _length_check(file: SourceFile, opened: ExitStack) -> LengthCheck | None:
    """What says whether a Content-Length is right, with the file open for it until `opened` is closed."""
    regions = opened.enter_context(closing(file.regions()))
    next(regions, None)
    return file.length_check
