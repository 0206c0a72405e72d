"""clamd, ClamAV's daemon, by its own protocol (clamd(8)): content is streamed to it, nothing of it needs to lie where
clamd can read it.

One connection carries many scans (IDSESSION): small content is sent on while clamd is still at work on what came
before, each answer says by a number which one it is about. Content that is large is waited for, so that a connection
which clamd closes, as it does above its StreamMaxLength, costs that content alone.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from mailstrata.errors import MailstrataError, UsageError
from mailstrata.scanning.content import Content
from mailstrata.scanning.verdict import CLEAN, Verdict, VerdictKind, failed

SMALL: Final = 256 << 10
"""Bytes up to which content is sent before the answers about others have come."""

MOST_UNDER_WAY: Final = 16
"""Contents that clamd may be at work on at once; its own limit (MaxThreads) is 10, MaxQueue 100."""

_TIMEOUT_SECONDS: Final = 600.0
_LONGEST_PIECE: Final = 1 << 20
_LONGEST_ANSWER: Final = 64 << 10
_LENGTH: Final = struct.Struct(">I")
_HOST_AND_PORT: Final = re.compile(r"\[?([^\]/]+?)\]?:([0-9]{1,5})")
_FOUND: Final = re.compile(r"[^:]*: (.*) FOUND")
_OK: Final = re.compile(r"[^:]*: OK")
_ERROR: Final = re.compile(r"(?:[^:]*: )?(.*?)\.? ?ERROR")


class _ConnectionLostError(Exception):
    """clamd has closed the connection, or it broke."""


@contextmanager
def _losing() -> Iterator[None]:
    """Turn an error of sending into the loss of the connection."""
    try:
        yield
    except OSError as error:
        raise _ConnectionLostError from error


class Clamd:
    """A clamd at `HOST:PORT`, or at the path of a socket. Use it in a `with` statement.

    Raises `UsageError` for an address that is neither, `MailstrataError` where clamd cannot be reached, does not answer
    within ten minutes, or does not speak its protocol.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        found = None if "/" in address else _HOST_AND_PORT.fullmatch(address)
        if found is None and ":" in address and "/" not in address:
            raise UsageError(f"{address!r} is no address of clamd; write HOST:PORT, or the path of its socket")
        self._host = None if found is None else (found[1], int(found[2]))
        self._socket: socket.socket | None = None
        self._received = b""
        self._sent = 0
        self._under_way: dict[int, Content] = {}
        self.engine, self.signatures = self._version()

    def __enter__(self) -> Clamd:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection. May be called again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._received = b""
        self._sent = 0

    # Scanning ------------------------------------------------------------------------------------------------

    def scan(self, content: Content) -> Iterator[tuple[Content, Verdict]]:
        """Scan a content; what was said meanwhile, of this one or of earlier ones. That of a large one is among it.

        Whatever `Content.read` raises is passed on, and costs the content alone. At most `MOST_UNDER_WAY` small
        contents are kept.
        """
        if content.size > SMALL:
            yield from self._wait_for(0)
            yield content, self._alone(content)
            return
        pieces = list(content.read())
        yield from self._wait_for(MOST_UNDER_WAY - 1)
        try:
            self._send(content, pieces)
        except _ConnectionLostError:
            yield from self._again()

    def finish(self) -> Iterator[tuple[Content, Verdict]]:
        """What is said of all that is still under way."""
        yield from self._wait_for(0)

    def _wait_for(self, most: int) -> Iterator[tuple[Content, Verdict]]:
        """Take answers until at most so many contents are under way."""
        while len(self._under_way) > most:
            try:
                number, verdict = self._answer()
                content = self._under_way.pop(number)
            except _ConnectionLostError:
                yield from self._again()
                return
            except KeyError:
                raise self._no_protocol("it answered what it was not asked") from None
            yield content, verdict

    def _again(self) -> Iterator[tuple[Content, Verdict]]:
        """The connection is lost: scan what was under way one by one, so that the one at fault has only itself to
        lose."""
        pending = list(self._under_way.values())
        self._under_way.clear()
        self.close()
        for content in pending:
            yield content, self._alone(content)

    def _alone(self, content: Content) -> Verdict:
        """Scan one content while nothing else is under way. A connection that clamd has closed for its own reasons
        (it waits half a minute for a command) is made anew once."""
        for is_last_try in (False, True):
            try:
                self._send(content, content.read())
                return self._answer()[1]
            except _ConnectionLostError:
                verdict = self._last_words()
                self.close()
                if verdict is not None:
                    return verdict
                if is_last_try:
                    break
            except BaseException:
                # What was sent of it would run into what is sent next.
                self.close()
                raise
            finally:
                self._under_way.clear()
        return failed("clamd closed the connection in the middle (its StreamMaxLength may be smaller)")

    def _last_words(self) -> Verdict | None:
        """What clamd said before it closed the connection, if that has arrived."""
        try:
            return self._answer()[1] if self._socket is not None else None
        except _ConnectionLostError:
            return None

    def _send(self, content: Content, pieces: Iterable[bytes]) -> None:
        # Before anything can fail, so that it is among what is scanned again.
        number = self._sent + 1 if self._socket is not None else 1
        self._under_way[number] = content
        connection = self._session()
        self._sent = number
        with _losing():
            connection.sendall(b"zINSTREAM\0")
        for piece in pieces:
            for start in range(0, len(piece), _LONGEST_PIECE):
                chunk = piece[start : start + _LONGEST_PIECE]
                with _losing():
                    connection.sendall(_LENGTH.pack(len(chunk)) + chunk)
        with _losing():
            connection.sendall(_LENGTH.pack(0))

    def _answer(self) -> tuple[int, Verdict]:
        """The next answer, and the number of the command that it is about."""
        number, has_number, text = self._line().partition(": ")
        if not has_number or not number.isdecimal():
            raise self._no_protocol(f"it answered {number[:80]!r}")
        return int(number), _verdict(text)

    # The connection ------------------------------------------------------------------------------------------

    def _version(self) -> tuple[str, str]:
        connection = self._connect()
        try:
            with _losing():
                connection.sendall(b"zVERSION\0")
            self._socket = connection
            engine, _, signatures = self._line().partition("/")
        except _ConnectionLostError:
            raise self._no_protocol("it closed the connection without an answer") from None
        finally:
            self._socket = None
            self._received = b""
            connection.close()
        if not engine:
            raise self._no_protocol("it does not say its version")
        return engine, signatures.partition("/")[0]

    def _session(self) -> socket.socket:
        if self._socket is None:
            connection = self._connect()
            self._socket = connection
            with _losing():
                connection.sendall(b"zIDSESSION\0")
        return self._socket

    def _connect(self) -> socket.socket:
        try:
            if self._host is not None:
                return socket.create_connection(self._host, _TIMEOUT_SECONDS)
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(_TIMEOUT_SECONDS)
                connection.connect(self._address)
            except BaseException:
                connection.close()
                raise
        except OSError as error:
            raise MailstrataError(
                f"cannot reach clamd at {self._address}: {error.strerror or error}; start clamd, or name "
                f"the address in "
                "its configuration (TCPSocket, LocalSocket)"
            ) from error
        return connection

    def _line(self) -> str:
        assert self._socket is not None
        while (end := self._received.find(b"\0")) < 0:
            if len(self._received) > _LONGEST_ANSWER:
                raise self._no_protocol("its answer does not end")
            try:
                data = self._socket.recv(4096)
            except TimeoutError as error:
                raise MailstrataError(
                    f"clamd at {self._address} has not answered for {_TIMEOUT_SECONDS:.0f} seconds; look into its log"
                ) from error
            except OSError as error:
                raise _ConnectionLostError from error
            if not data:
                raise _ConnectionLostError
            self._received += data
        line, self._received = self._received[:end], self._received[end + 1 :]
        return line.decode("utf-8", "replace").strip()

    def _no_protocol(self, what: str) -> MailstrataError:
        return MailstrataError(f"what is at {self._address} is no clamd: {what}; name the address of clamd")


def _verdict(answer: str) -> Verdict:
    if _OK.fullmatch(answer) is not None:
        return CLEAN
    if found := _FOUND.fullmatch(answer):
        return Verdict(VerdictKind.FOUND, signature=found[1])
    error = _ERROR.fullmatch(answer)
    return failed((error[1] if error else answer) or "clamd does not say why")
