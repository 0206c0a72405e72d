"""Documents are opened in another process, which may die of them: this one starts it, asks it, and starts it again.

A document that takes too much time or memory, or kills the process, costs that process and gives a row that says so.
The process is kept for as many documents as it survives.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Any

from mailstrata.errors import MailstrataError, UsageError
from mailstrata.search.texts.limits import WORKER_LIMITS, WorkerLimits
from mailstrata.search.texts.rows import Extracted
from mailstrata.sinks.target_errors import target_error

_PACKAGES = ("selectolax", "kreuzberg")
_LONGEST_HEAD = 1 << 16
_ERROR_BYTES = 4096
_OUT_OF_MEMORY = (b"memory allocation of", b"MemoryError", b"bad_alloc", b"out of memory", b"cannot allocate")
_PIECE = 1 << 20
_FULL = 0.8  # of the memory that the process may have: beyond it, what it dies of is taken for a lack of memory
_LARGE = 0.25  # beyond it, the process makes way for a new one, so that no document pays for those before it


def require_packages() -> None:
    """Raises `UsageError` where a package of the extra `search` is missing."""
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"the text of mail needs the package {package}; run: pip install 'mailstrata[search]'")


class DocumentWorker:
    """The worker process, which is started when it is first needed. Use it in a `with` statement, or `close` it.

    It has a session and process group of its own, so that Ctrl-C reaches this process first, which ends it with all
    that it may have started; its home and temporary folder are one that goes with it.
    """

    def __init__(self, limits: WorkerLimits = WORKER_LIMITS) -> None:
        self.limits = limits
        self.starts = 0
        """How often the process was started."""
        self._process: subprocess.Popen[bytes] | None = None
        # It goes with the interpreter, too, should nobody close this.
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._scratch = -1
        self._errors = -1

    def __enter__(self) -> DocumentWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and remove all that it left. May be called again."""
        self._end()
        for descriptor in (self._scratch, self._errors):
            if descriptor >= 0:
                os.close(descriptor)
        self._scratch = self._errors = -1
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def extract(self, way: str, content: bytes, *, content_type: str = "", charset: str | None = None) -> Extracted:
        """The text of a document that is opened in that `way`: `html`, `message` or `document`.

        Never raises on content. Raises `TargetError` where there is no room for temporary files, `MailstrataError`
        where the process cannot be started.
        """
        is_html = way == "html"
        request = {
            "way": way,
            "size": len(content),
            "content_type": content_type,
            "charset": charset,
            "processor_seconds": self.limits.html_seconds if is_html else self.limits.processor_seconds,
        }
        seconds = 2.0 * self.limits.html_seconds if is_html else self.limits.seconds
        process = self._started()
        try:
            self._write_scratch(content)
        except OSError as error:
            raise target_error(tempfile.gettempdir(), error) from error
        deadline = time.monotonic() + seconds
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            head = json.loads(self._read_head(process, deadline))
            text = self._read_text(process, head["text"], deadline)
            quoted = self._read_text(process, head["quoted"], deadline)
        except TimeoutError:
            self._end()
            return Extracted(None, "timeout", f"it took more than {seconds:g} seconds")
        except (BrokenPipeError, EOFError):
            return self._death(process, request["processor_seconds"])
        except BaseException:
            # Ctrl-C between question and answer: the next answer would be that of this question.
            self._end()
            raise
        if head["status"] == "missing":
            raise UsageError(
                f"the text of mail needs the package {head['reason']}; run: pip install 'mailstrata[search]'"
            )
        if head["resident_bytes"] > self.limits.memory_bytes * _LARGE:
            self._end()
        return Extracted(text, head["status"], head["reason"], head["extractor"], quoted)

    def _write_scratch(self, content: bytes) -> None:
        os.ftruncate(self._scratch, 0)
        view = memoryview(content)
        position = 0
        while position < len(view):
            position += os.pwrite(self._scratch, view[position : position + (64 << 20)], position)

    def _read_head(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        assert process.stdout is not None
        self._wait(process, deadline)
        head = process.stdout.readline(_LONGEST_HEAD)
        if not head.endswith(b"\n"):
            raise EOFError
        return head

    def _read_text(self, process: subprocess.Popen[bytes], size: int, deadline: float) -> str | None:
        if size < 0:
            return None
        stream: Any = process.stdout
        pieces: list[bytes] = []
        while size:
            # What is buffered already is given without waiting for more.
            if not stream.peek(1):
                raise EOFError
            piece = stream.read1(min(size, _PIECE))
            pieces.append(piece)
            size -= len(piece)
            if size and time.monotonic() > deadline:
                raise TimeoutError
        return b"".join(pieces).decode("utf-8", "replace")

    def _wait(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        assert process.stdout is not None
        left = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout.fileno()], [], [], left)[0]:
            raise TimeoutError

    def _death(self, process: subprocess.Popen[bytes], processor_seconds: object) -> Extracted:
        """What the process died of."""
        _, status, usage = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
        said = os.pread(self._errors, _ERROR_BYTES, max(0, os.fstat(self._errors).st_size - _ERROR_BYTES))
        self._end()
        if -code == signal.SIGXCPU:
            return Extracted(None, "timeout", f"it took more than {processor_seconds} seconds of processor time")
        # A library that gets no more memory may end the process without a word. The peak of a process begins with
        # that of who started it.
        full = self.limits.memory_bytes * _FULL
        ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        was_full = usage.ru_maxrss << 10 > full > ours << 10
        if was_full or any(words in said for words in _OUT_OF_MEMORY):
            most = self.limits.memory_bytes >> 20
            return Extracted(None, "memory", f"it takes more than {most} MiB of memory")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Extracted(None, "crashed", f"the process that read it has died ({how})")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="mailstrata-texts-", ignore_cleanup_errors=True)
                self._scratch = _nameless(self._folder.name)
                self._errors = _nameless(self._folder.name)
            os.ftruncate(self._errors, 0)
            os.lseek(self._errors, 0, os.SEEK_SET)
        except OSError as error:
            raise target_error(tempfile.gettempdir(), error) from error
        command = [sys.executable, "-P", "-m", "mailstrata.search.texts.worker"]
        environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH")},
            **dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), self._folder.name),
            # One thread's pool of memory, and one thread: address space is limited.
            **dict.fromkeys(("RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS", "OMP_NUM_THREADS"), "1"),
            "MALLOC_ARENA_MAX": "2",
        }
        try:
            self._process = subprocess.Popen(
                [*command, str(self._scratch), str(self.limits.memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                pass_fds=(self._scratch,),
                cwd=self._folder.name,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise MailstrataError(f"cannot start a process to read documents: {error.strerror}") from error
        self.starts += 1
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            # Before it is waited for, its number cannot have become another's.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                # A request that it no longer took is not to be written.
                stream.close()


def _nameless(folder: str) -> int:
    """A temporary file without a name."""
    descriptor, path = tempfile.mkstemp(dir=folder)
    os.unlink(path)  # noqa: PTH108 - it is a name for an instant
    return descriptor
