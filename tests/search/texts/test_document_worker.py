"""The worker process: it outlives most documents, and what it does not outlive says why."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest
from support.documents import DOCX, docx, docx_of, pdf_of

from mailstrata.search.texts.document_worker import DocumentWorker
from mailstrata.search.texts.limits import WorkerLimits


def test_one_process_reads_many_documents_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its temporary folder and itself are gone when it is closed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with DocumentWorker() as worker:
        for text in ("one", "two"):
            assert worker.extract("document", docx_of(text), content_type=DOCX).text == text
        assert worker.extract("document", pdf_of("three"), content_type="application/pdf").status == "ok"
        assert worker.starts == 1
        process = worker._process
        assert process is not None
        assert os.getpgid(process.pid) == process.pid
    assert process.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_is_started_again() -> None:
    """The document of which it died is a row, the next one is read."""
    with DocumentWorker() as worker:
        assert worker.extract("html", b"<p>one").text == "one"
        assert worker._process is not None
        os.kill(worker._process.pid, signal.SIGSTOP)
        worker.limits = WorkerLimits(html_seconds=0)
        assert worker.extract("html", b"<p>two").status == "timeout"
        worker.limits = WorkerLimits()
        assert worker.extract("html", b"<p>three").text == "three"
        assert worker.starts == 2


def test_processor_time_is_limited() -> None:
    """By RLIMIT_CPU, whatever else the machine does; each document has its own account."""
    with DocumentWorker(WorkerLimits(html_seconds=1, seconds=60)) as worker:
        extracted = worker.extract("html", b"<div>" * 150_000)
        assert extracted.status == "timeout"
        assert worker.extract("html", b"<p>next").text == "next"


def test_memory_is_limited() -> None:
    """A document that unpacks to more than the process may have."""
    with DocumentWorker(WorkerLimits(memory_bytes=400 << 20)) as worker:
        extracted = worker.extract("document", docx_of("A" * 90_000_000), content_type=DOCX)
        assert extracted.status == "memory", extracted
        assert extracted.text is None
        assert worker.extract("html", b"<p>next").text == "next"


@pytest.mark.parametrize(
    "content",
    [docx_of("A" * 200_000_000), docx("<w:p>" * 300_000), b"PK\3\4", b""],
    ids=["bomb", "deep", "cut", "nothing"],
)
def test_hostile_documents_give_a_row(content: bytes) -> None:
    """A docx bomb of 200 MB is refused by its listing; nothing of these kills the process."""
    with DocumentWorker() as worker:
        extracted = worker.extract("document", content, content_type=DOCX)
        assert extracted.status in ("memory", "damaged", "ok", "unsupported")
        assert worker.extract("html", b"<p>next").text == "next"


def test_what_the_process_says_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document whose text is not ASCII comes through whole; its answer may be of many pieces."""
    text = "größer 契約 " * 200_000
    with DocumentWorker() as worker:
        extracted = worker.extract("html", f"<p>{text}".encode(), charset="utf-8")
        assert extracted.text == text.strip()
