"""The worker processes: started when there is work for them, listened to, ended whatever happens.

They are started anew (`sys.executable`), not forked: a fork takes over locks and threads of libraries in whatever
state they are. Each has one end of a socket pair, and the two scratch files (`slots`, `claims`) by their descriptors;
the files have no names, so that they are gone with the last process.
"""

from __future__ import annotations

import os
import pickle
import secrets
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from mailstrata.archive.jobs.claims import ClaimTable, open_scratch
from mailstrata.archive.jobs.slots import SLOT_BYTES, SlotWriter
from mailstrata.errors import MailstrataError, WorkerLostError

if TYPE_CHECKING:
    # Only types: the less has to be loaded before the workers are started, the earlier they are.
    from pathlib import Path
    from types import TracebackType

    from mailstrata.archive.jobs.results import Order, RunResult, WorkerFiles
    from mailstrata.parser.limits import Limits

MOST_WAITING = 3
"""Orders that a worker may have before it, so that it need not wait for the coordinator."""

_SLOTS_PER_WORKER = 12
_INLINE_BYTES = 4096
_SOCKET_BYTES = 192 << 10
_SECONDS_TO_END = 10.0
_START = "import sys; sys.path[:] = {path!r}; from mailstrata.archive.jobs.worker import main; main({arguments})"


@dataclass(slots=True)
class Worker:
    """A worker as the coordinator sees it. `waiting` are the runs that it has not answered, by order; `runs` are those
    since the last commit."""

    process: subprocess.Popen[bytes]
    connection: Connection
    waiting: int = 0
    is_open: bool = False
    has_begun: bool = False
    runs: list[int] = field(default_factory=list)


class Fleet:
    """Up to `jobs` workers. Use it in a `with` block, which ends them.

    `start` starts all of them, which then load what they will need; else each is started when there is work for it.
    Nothing is ordered before `open`. Methods raise what a worker has raised, `WorkerLostError` where one has ended
    without saying why, and `TargetError` where there is no room for temporary files.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._name = secrets.token_hex(8)
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        self._ready: list[WorkerFiles] = []
        self._opening: Order = ()
        self._on_result: Callable[[RunResult], None] | None = None
        self._first_run = 1
        self._descriptors: list[int] = []
        self._slots_file = self._scratch()
        self._claims_file = self._scratch()
        ClaimTable.create(self._claims_file)
        # The slot that is being filled with the bytes of a piece, and how far it is.
        self._filling: tuple[int, int] | None = None
        self.slots = SlotWriter(self._slots_file, jobs * _SLOTS_PER_WORKER)

    def _scratch(self) -> int:
        descriptor = open_scratch()
        self._descriptors.append(descriptor)
        return descriptor

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start all workers."""
        while len(self._workers) < self._jobs:
            self._start()

    def open(self, directory: Path, *, level: int, limits: Limits, on_result: Callable[[RunResult], None]) -> None:
        """What follows is about the archive in `directory`, which this process has opened. `on_result` is called with
        the result of each run, in whichever order they come."""
        stated = {name: getattr(limits, name) for name in limits.__slots__}
        self._opening = ("open", str(directory), level, stated)
        self._on_result = on_result

    # Work ----------------------------------------------------------------------------------------------------

    def choose(self) -> Worker:
        """A worker with room for an order: one that has nothing to do, a new one, or the one that has least."""
        while True:
            self.listen(wait_for_one=False)
            idle = min(self._workers, key=lambda worker: worker.waiting, default=None)
            if idle is None or (idle.waiting and len(self._workers) < self._jobs):
                idle = self._start()
            if idle.waiting < MOST_WAITING:
                return idle
            self.listen()

    def send(self, worker: Worker, order: Order, runs: tuple[int, ...] = ()) -> None:
        """Give an order, which asks for answers to these runs."""
        if not worker.is_open:
            worker.is_open = True
            self._put(worker, (*self._opening, f"{self._name}-{self._workers.index(worker)}"))
        if not worker.has_begun:
            worker.has_begun = True
            self._put(worker, ("begin", self._first_run))
        worker.waiting += len(runs) > 0
        worker.runs.extend(runs)
        data = pickle.dumps(order)
        if len(data) > _INLINE_BYTES:
            pieces = [data[start : start + SLOT_BYTES] for start in range(0, len(data), SLOT_BYTES)]
            order = ("slots", [self._write(piece) for piece in pieces])
        self._put(worker, order)

    def send_data(self, worker: Worker, data: bytes | memoryview) -> None:
        """Send bytes of the piece that was ordered last; they may wait until a slot is full, or `end_data`."""
        view = memoryview(data)
        while view:
            if self._filling is None:
                self._wait_for_slot()
                self._filling = self.slots.free.pop(), 0
            slot, used = self._filling
            part = view[: SLOT_BYTES - used]
            self.slots.write_at(slot, used, part)
            used += len(part)
            self._filling = slot, used
            if used == SLOT_BYTES:
                self._send_filled(worker)
            view = view[len(part) :]

    def end_data(self, worker: Worker, order: Order) -> None:
        """The bytes of the piece have ended; `order` says how."""
        if self._filling is not None:
            self._send_filled(worker)
        self._put(worker, order)

    def _send_filled(self, worker: Worker) -> None:
        filled, self._filling = self._filling, None
        self._put(worker, ("data", filled))

    def _wait_for_slot(self) -> None:
        while not self.slots.free:
            self.listen()

    def _write(self, data: bytes | memoryview) -> tuple[int, int]:
        self._wait_for_slot()
        return self.slots.write(data)

    def _put(self, worker: Worker, order: Order) -> None:
        try:
            worker.connection.send(order)
        except ConnectionError:
            # It may have said why before it ended.
            self._drain(worker)
            raise self._lost(worker) from None

    # Answers -------------------------------------------------------------------------------------------------

    def listen(self, *, wait_for_one: bool = True) -> None:
        """Take the answers that are there; wait for one if there are none."""
        timeout = None if wait_for_one else 0
        while found := self._selector.select(timeout):
            for key, _ in found:
                self._take_next(key.data)
            timeout = 0

    def _take_next(self, worker: Worker) -> None:
        try:
            kind, answer = worker.connection.recv()
        except (EOFError, ConnectionError):
            raise self._lost(worker) from None
        self._take(worker, kind, answer)

    def _drain(self, worker: Worker) -> None:
        """Take all that a worker has said that has ended."""
        while worker.connection.poll():
            self._take_next(worker)

    def _take(self, worker: Worker, kind: str, answer: Any) -> None:
        if kind == "run":
            assert self._on_result is not None
            self._on_result(answer)
        elif kind == "done":
            worker.waiting -= 1
        elif kind == "free":
            self.slots.free.append(answer)
        elif kind == "ready":
            worker.waiting -= 1
            self._ready.append(answer)
        else:
            assert kind == "failed", kind
            raise answer

    def _lost(self, worker: Worker) -> MailstrataError:
        try:
            code = worker.process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            code = worker.process.wait()
        what = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        why = ", as the system does where memory runs out" if code == -signal.SIGKILL else ""
        return WorkerLostError(
            f"worker process {worker.process.pid} {what}{why}; what was committed is kept; run the same command again, "
            "with fewer jobs if memory is short"
        )

    # Commits -------------------------------------------------------------------------------------------------

    def finish(self, messages_before: dict[int, int], next_run: int, *, is_last: bool) -> list[WorkerFiles]:
        """All runs are answered: have packs and index files finished. `messages_before` says how many messages of its
        source stand before each run, whose number `next_run` follows. The next order comes after a commit, unless this
        `is_last`."""
        for worker in self._workers:
            if worker.has_begun:
                self.send(worker, ("commit", [messages_before[number] for number in worker.runs]), (0,))
                worker.runs.clear()
                worker.has_begun = False
        while any(worker.waiting for worker in self._workers):
            self.listen()
        if is_last:
            # They let go of everything while the commit is written.
            for worker in self._workers:
                self._put(worker, ("end",))
        self._first_run = next_run
        ClaimTable.forget(self._claims_file)
        ready, self._ready = self._ready, []
        return ready

    # Processes -----------------------------------------------------------------------------------------------

    def _start(self) -> Worker:
        ours, theirs = socket.socketpair()
        for end in ours, theirs:
            # All orders that a worker may have before it fit in, so that to give one never means to wait.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
        with theirs:
            connection = Connection(ours.detach())
            passed = (theirs.fileno(), self._slots_file, self._claims_file)
            arguments = ", ".join(map(str, passed))
            # Ctrl-C must find it deaf from the beginning.
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                process = subprocess.Popen(
                    [sys.executable, "-c", _START.format(path=sys.path, arguments=arguments)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=passed,
                )
            except OSError as error:
                connection.close()
                raise WorkerLostError(f"cannot start a worker process: {error.strerror}; use fewer jobs") from error
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        worker = Worker(process, connection)
        self._add(worker)
        return worker

    def _add(self, worker: Worker) -> None:
        self._workers.append(worker)
        self._selector.register(worker.connection, selectors.EVENT_READ, worker)

    def end(self) -> None:
        """Wait for the end of all workers, after the last `finish`."""
        for worker in self._workers:
            self._selector.unregister(worker.connection)
            worker.connection.close()
            try:
                worker.process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._workers.clear()
        self._let_go()

    def kill(self) -> None:
        """End all workers at once; what they leave is to be swept. May be called again."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.wait()
            if not worker.connection.closed:
                self._selector.unregister(worker.connection)
                worker.connection.close()
        self._workers.clear()
        self._let_go()

    def _let_go(self) -> None:
        self._selector.close()
        while self._descriptors:
            os.close(self._descriptors.pop())
