"""Other forms of the inputs, for programs that know no mbox, and the input of real mail. None of it is timed.

`python -m benchmarks.forms maildir MBOX FOLDER` writes the messages of an input to a Maildir, one file each, in their
order, and beside it the list of its files, each with a NUL after it, as `xargs -0` reads it.

`python -m benchmarks.forms real FOLDER` makes one mbox of all single messages of the corpora that the conformance tests
read, whatever their line breaks, with `From ` quoted in their bodies, so that all readers see the same messages. Facts
that nobody knows are -1. Both print JSON; what is there is not made again.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.inputs import Facts
from benchmarks.peers.mbox import messages
from tests.conformance.corpora import find_corpora

UNKNOWN = -1
_VERSION = 1
_FIELD = re.compile(rb"(?:>?From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_NO_MAIL = {".json", ".jsonl", ".yaml", ".yml", ".md", ".gz", ".mbox"}


def file_list(maildir: Path) -> Path:
    """Where the list of a Maildir's files is."""
    return maildir.with_suffix(".files")


def make_maildir(source: Path, folder: Path) -> Path:
    """The Maildir of an input. A folder under its final name is whole."""
    target = folder / f"{source.stem}.maildir"
    if target.is_dir() and file_list(target).exists():
        return target
    partial = folder / f"{source.stem}.partial"
    for leftover in (partial, target):
        shutil.rmtree(leftover, ignore_errors=True)
    for name in ("cur", "new", "tmp"):
        (partial / name).mkdir(parents=True)
    with file_list(target).open("wb") as names:
        for number, data in enumerate(messages(source)):
            name = f"cur/{1_577_836_800 + number}.M{number:07}P1.bench:2,S"
            (partial / name).write_bytes(data)
            names.write(str(target / name).encode() + b"\0")
    partial.rename(target)
    return target


def single_messages(corpora: Path) -> Iterator[bytes]:
    """The messages of all files below a folder that hold just one, by the look of their first line."""
    for path in sorted(corpora.rglob("*")):
        if path.suffix in _NO_MAIL or not path.is_file():
            continue
        data = path.read_bytes()
        if _FIELD.match(data):
            yield data[data.index(b"\n") + 1 :] if data.startswith((b"From ", b">From ")) else data


def make_real(corpora: Path, folder: Path) -> Facts:
    """The mbox of real mail. A file under its final name is whole.

    Raises `FileNotFoundError` where no mail is found.
    """
    path, record = folder / f"real-v{_VERSION}.mbox", folder / f"real-v{_VERSION}.json"
    if path.exists() and record.exists():
        return Facts(**json.loads(record.read_text()))
    folder.mkdir(parents=True, exist_ok=True)
    facts = Facts("real", str(path), attachments=UNKNOWN, attachment_bytes=UNKNOWN)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as out:
        for data in single_messages(corpora):
            facts.size += out.write(b"From someone@example.org Wed Jan  1 00:00:00 2020\n")
            facts.size += out.write(_FROM.sub(rb">\1", data).rstrip(b"\r\n") + b"\n\n")
            facts.messages += 1
    if not facts.messages:
        partial.unlink()
        raise FileNotFoundError(f"no mail below {corpora}")
    record.write_text(json.dumps(asdict(facts)))
    partial.replace(path)
    return facts


def main() -> None:
    """The command line."""
    words = sys.argv[1:]
    if words[:1] == ["maildir"] and len(words) == 3:
        made: dict[str, object] = {"path": str(make_maildir(Path(words[1]), Path(words[2])))}
    elif words[:1] == ["real"] and len(words) == 2:
        try:
            made = asdict(make_real(find_corpora() / "real", Path(words[1])))
        except FileNotFoundError as error:
            sys.exit(str(error))
    else:
        sys.exit("usage: python -m benchmarks.forms maildir MBOX FOLDER | real FOLDER")
    sys.stdout.write(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
