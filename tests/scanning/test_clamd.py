"""clamd, spoken to for real: what it finds, what is too large for it, and connections that it closes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clamd import FOUND, MARKER, STREAM_MAX_LENGTH, RunningClamd

from mailstrata.errors import ArchiveError, MailstrataError, UsageError
from mailstrata.scanning.clamd import MOST_UNDER_WAY, SMALL, Clamd
from mailstrata.scanning.content import Content
from mailstrata.scanning.verdict import CLEAN, Verdict, VerdictKind


def content(name: str, data: bytes) -> Content:
    return Content(name, len(data), lambda: [data[:7], data[7:]])


def scan_all(address: str, contents: dict[str, bytes]) -> dict[str, Verdict]:
    said: list[tuple[Content, Verdict]] = []
    with Clamd(address) as clamd:
        for name, data in contents.items():
            said.extend(clamd.scan(content(name, data)))
        said.extend(clamd.finish())
    verdicts = {scanned.blob: verdict for scanned, verdict in said}
    assert len(said) == len(verdicts) == len(contents)
    return verdicts


CONTENTS = {
    **{f"clean {number}": b"text %d" % number * number for number in range(3 * MOST_UNDER_WAY)},
    "nothing": b"",
    "marked": b"before " + MARKER + b" after",
    "large": b"x" * (SMALL + 1),
    "large, marked at the end": b"x" * (3 * SMALL) + MARKER,
}


@pytest.mark.parametrize("kind", ["socket", "tcp"])
def test_each_content_has_its_own_verdict(clamd: RunningClamd, kind: str) -> None:
    """Many at once over one connection, by both kinds of address; answers come in any order and are told apart."""
    verdicts = scan_all(getattr(clamd, kind), CONTENTS)
    found = Verdict(VerdictKind.FOUND, signature=FOUND)
    for name, verdict in verdicts.items():
        assert verdict == (found if "marked" in name else CLEAN), name


def test_what_is_too_large_for_clamd_is_an_error_of_its_own(clamd: RunningClamd) -> None:
    """clamd closes the connection above its StreamMaxLength: what comes before and after is scanned all the same."""
    contents = {
        "before": MARKER,
        "too large": b"x" * (STREAM_MAX_LENGTH + 1),
        "much too large": b"x" * (20 * STREAM_MAX_LENGTH),
        "after": MARKER,
        "large": b"x" * (SMALL + 1),
    }
    verdicts = scan_all(clamd.socket, contents)
    assert verdicts["too large"].kind is verdicts["much too large"].kind is VerdictKind.ERROR
    assert all("limit" in (verdicts[name].reason or "") for name in ("too large", "much too large"))
    assert verdicts["before"].signature == verdicts["after"].signature == FOUND
    assert verdicts["large"] == CLEAN


def test_it_says_its_version(clamd: RunningClamd) -> None:
    """With signatures of our own only, clamd has no version of them."""
    with Clamd(clamd.socket) as opened:
        assert opened.engine.startswith("ClamAV ")
        assert opened.signatures == ""


def test_content_that_cannot_be_read_costs_itself(clamd: RunningClamd) -> None:
    """Its error is passed on, and what comes next is not taken for the rest of it."""

    def broken() -> Iterator[bytes]:
        yield MARKER
        raise ArchiveError("damaged")

    with Clamd(clamd.socket) as opened:
        for size in (10, SMALL + 1):
            with pytest.raises(ArchiveError):
                list(opened.scan(Content("broken", size, broken)))
            assert [*opened.scan(content("clean", b"text")), *opened.finish()][0][1] == CLEAN


def proxy(server: socket.socket, target: str, lasts: int) -> None:
    """Pass connections on to clamd, and cut each one after so many answers. The first is that of the version."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client, socket.socket(socket.AF_UNIX) as upstream:
            upstream.connect(target)

            def send(client: socket.socket = client, upstream: socket.socket = upstream) -> None:
                with contextlib.suppress(OSError):
                    while data := client.recv(1 << 16):
                        upstream.sendall(data)
                with contextlib.suppress(OSError):
                    upstream.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            answers = 0
            while answers < lasts and (data := upstream.recv(1 << 16)):
                client.sendall(data)
                answers += data.count(b"\0")
            for end in (client, upstream):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            sender.join()


def test_a_connection_that_breaks_is_made_anew(clamd: RunningClamd) -> None:
    """clamd closes a session that was idle for half a minute, and a network breaks: nothing is lost by it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=proxy, args=(server, clamd.socket, 3))
        thread.start()
        try:
            verdicts = scan_all(f"127.0.0.1:{server.getsockname()[1]}", CONTENTS)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
    assert all((verdict.kind is VerdictKind.FOUND) is ("marked" in name) for name, verdict in verdicts.items())
    assert all(verdict.kind is not VerdictKind.ERROR for verdict in verdicts.values())


@pytest.mark.parametrize("address", ["localhost:port", "localhost:", "a:b:3310x"])
def test_addresses_that_are_none(address: str) -> None:
    """Neither a host with a port nor the path of a socket."""
    with pytest.raises(UsageError, match="HOST:PORT"):
        Clamd(address)


def test_nobody_there(tmp_path: Path) -> None:
    """One line that says where, and what to do."""
    with pytest.raises(MailstrataError, match=r"cannot reach clamd at .*; start clamd"):
        Clamd(str(tmp_path / "socket"))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0", b"x" * 100_000])
def test_somebody_else_there(answer: bytes) -> None:
    """A server of another kind is no clamd, whatever it says."""

    def serve(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.recv(100)
            client.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            with pytest.raises(MailstrataError, match="no clamd"):
                Clamd(f"127.0.0.1:{server.getsockname()[1]}")
        finally:
            thread.join()
