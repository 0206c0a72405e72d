"""The worker process: documents in, text out, until its standard input ends.

A request is one line of JSON; the document stands in the file of descriptor `scratch`, which has no name and goes with
the last process that has it open. An answer is one line of JSON and the bytes of the text. What libraries write to
standard output or error never gets between: the one goes nowhere, the other to a file without a name that tells the
parent of what the process has died.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
from pathlib import Path
from typing import Any

from mailstrata.search.texts.limits import TEXT_CHARACTERS
from mailstrata.search.texts.rows import Extracted

_LONGEST_FILE = 16 << 20
"""Bytes of a file that a library may write, in its own temporary folder."""


def _extract(request: dict[str, Any], content: bytes) -> Extracted:
    way = request["way"]
    if way == "html":
        import selectolax  # noqa: PLC0415 - of the extra `search`

        from mailstrata.message.charsets import decode  # noqa: PLC0415
        from mailstrata.search.texts.worker.html import html_to_text  # noqa: PLC0415

        text, quoted = html_to_text(decode(content, request["charset"]))
        return Extracted(text, extractor=f"selectolax {selectolax.__version__}", quoted=quoted)
    if way == "message":
        from mailstrata.search.texts.worker.messages import message_text  # noqa: PLC0415

        return message_text(content)
    from mailstrata.search.texts.worker.documents import document_text  # noqa: PLC0415

    return document_text(content, request["content_type"])


def _answer(request: dict[str, Any], content: bytes) -> Extracted:
    try:
        return _extract(request, content)
    except MemoryError:
        return Extracted(None, "memory", "it takes more memory than it may")
    except ImportError as error:
        return Extracted(None, "missing", str(error.name or error))
    except Exception as error:
        # What a library raises on hostile content may be anything; the row says it.
        return Extracted(None, "damaged", f"{type(error).__name__}: {error}")


def _resident_bytes() -> int:
    """The memory that this process has now, in bytes; 0 where the system does not say (`ru_maxrss` begins with the
    peak of whoever started the process)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def main() -> None:
    """Serve requests. Arguments: descriptor of the scratch file, bytes of address space."""
    scratch, memory = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LONGEST_FILE, _LONGEST_FILE))
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    while line := requests.readline():
        request = json.loads(line)
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = math.ceil(used.ru_utime + used.ru_stime) + int(request["processor_seconds"])
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
        extracted = _answer(request, os.pread(scratch, request["size"], 0))
        text, quoted = extracted.text, extracted.quoted
        # One character more says that there were more.
        text_bytes = b"" if text is None else text[: TEXT_CHARACTERS + 1].encode("utf-8", "replace")
        quoted_bytes = b"" if quoted is None else quoted[: TEXT_CHARACTERS + 1].encode("utf-8", "replace")
        head = {
            "status": extracted.status,
            "reason": None if extracted.reason is None else extracted.reason[:1000].encode("utf-8", "replace").decode(),
            "extractor": extracted.extractor,
            "text": -1 if text is None else len(text_bytes),
            "resident_bytes": _resident_bytes(),
            "quoted": -1 if quoted is None else len(quoted_bytes),
        }
        answers.write(json.dumps(head).encode() + b"\n" + text_bytes + quoted_bytes)
        answers.flush()


if __name__ == "__main__":
    main()
