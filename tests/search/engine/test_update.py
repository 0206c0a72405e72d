"""The search index follows the archive: new mail, erased mail, compaction, repair; and every way in which a run may
end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.query_reference import Mail, finds

from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.reading.reader import Archive
from mailstrata.cli.main import cli
from mailstrata.errors import LockedError, UsageError
from mailstrata.search.engine.place import Place
from mailstrata.search.engine.search import Search
from mailstrata.search.engine.state import State, read_state
from mailstrata.search.engine.update import update
from mailstrata.search.query.parsing import parse_query
from mailstrata.search.texts.reader import read_texts, texts_files
from mailstrata.search.words.folding import words_of
from mailstrata.search.words.index import WordsIndex
from mailstrata.search.words.schema import TEXT_FIELDS

SECRET = "Xylographicunicorn"
QUERIES = ("contract", "the -contract", "content:invoice", "from:example.org", "has:attachment the")


def message(number: int, text: str, attached: str = "") -> bytes:
    """A message, with a text attachment where there is a text for it."""
    head = f"From: Ann <ann{number}@example.org>\nSubject: message {number}\nMessage-ID: <{number}@example.org>\n"
    if not attached:
        return f"{head}\n{text}\n".encode()
    return (
        f'{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\n{text}\n--b\n'
        f'Content-Type: text/csv\nContent-Disposition: attachment; filename="table.csv"\n\n{attached}\n--b--\n'
    ).encode()


def call(*words: object) -> str:
    """Run a command, which must succeed; what it writes."""
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


class Box:
    """A folder of messages, and an archive of it."""

    def __init__(self, folder: Path) -> None:
        self.mail, self.archive = folder / "mail", folder / "archive"
        self.mail.mkdir()

    def add(self, number: int, text: str, attached: str = "") -> None:
        (self.mail / f"{number}.eml").write_bytes(message(number, text, attached))

    def keep(self) -> None:
        call("archive", self.mail, "--to", self.archive, "--quiet", "--no-search")

    def found(self, query: str) -> set[str]:
        """The subjects that a search finds, which must be there once each."""
        with Search(self.archive) as search:
            assert search.is_current
            hits = search.list(query, limit=1000)
            assert len(hits) == len(set(search.ids(query))) == search.count(query) == len({hit.sha256 for hit in hits})
            return {hit.subject or "" for hit in hits}

    def files(self) -> set[tuple[str, int]]:
        """The files of texts and words, by name and number on the disk: none of them ever changes."""
        place = Place(self.archive)
        folders = [place.words / read_state(place.state).words, place.folder / "texts"]
        names = (path for folder in folders for path in folder.iterdir() if path.suffix not in (".json", ".lock"))
        return {(path.name, path.stat().st_ino) for path in names}

    def terms(self, beginning: str) -> list[str]:
        """The words in the full-text index that begin like that, of documents that are deleted as well."""
        place = Place(self.archive)
        searcher = WordsIndex(place.words / read_state(place.state).words).searcher
        return [term for field in TEXT_FIELDS for term, _ in searcher.terms_with_prefix(field, beginning)]

    def texts(self) -> str:
        """All that the table of texts holds."""
        return str([batch.to_pylist() for batch in read_texts(texts_files(self.archive))])


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Three messages, two of which carry the same attachment; not indexed yet."""
    made = Box(tmp_path)
    made.add(1, "the signed contract", "alpha,beta")
    made.add(2, f"about the {SECRET}", "alpha,beta")
    made.add(3, "nothing of interest")
    made.keep()
    return made


def test_what_was_archived_since_is_added(box: Box) -> None:
    """Each message and each attachment once, however often the update runs and however many messages carry it."""
    first = update(box.archive)
    assert (first.messages, first.attachments, first.is_new) == (3, 1, True)
    again = update(box.archive)
    assert (again.messages, again.attachments, again.is_new) == (0, 0, False)
    assert box.found("contract") == {"message 1"}
    assert box.found("content:beta") == {"message 1", "message 2"}
    box.add(4, "another contract", "alpha,beta")
    box.keep()
    with Search(box.archive) as search:
        assert not search.is_current
        assert search.count("contract") == 1
        # What no word is asked of, the tables know already.
        assert search.count("subject:contract OR larger:1") == 4
    added = update(box.archive)
    assert (added.messages, added.attachments, added.is_new) == (1, 0, False)
    assert box.found("contract") == {"message 1", "message 4"}
    assert box.found("alpha") == {"message 1", "message 2", "message 4"}


def test_many_small_commits_are_indexed_one_after_the_other(box: Box) -> None:
    """More than files of texts are kept apart: these are merged, and nothing is indexed twice."""
    update(box.archive)
    for number in range(4, 22):
        box.add(number, f"number{number} the contract")
        box.keep()
        assert update(box.archive).messages == 1
    assert len(texts_files(box.archive)) < 20
    assert len(box.found("contract")) == 19
    assert box.found("number17") == {"message 17"}
    assert update(box.archive).messages == 0


def test_what_is_erased_is_gone_from_the_disk(box: Box) -> None:
    """Its words, its text, what is shown of it; an attachment that another message carries stays."""
    call("search", box.archive, "contract", "--quiet")
    assert box.found(SECRET) == {"message 2"}
    assert box.terms("xylo")
    assert SECRET in box.texts()
    files = box.files()
    digest = _digest(box, SECRET)
    call("erase", box.archive, "<2@example.org>", "--quiet")
    assert box.found(SECRET) == set()
    assert not box.terms("xylo") + box.terms("ann2")
    assert SECRET not in box.texts()
    assert digest not in box.texts()
    assert not files & box.files(), "a file that held it is still there"
    assert len(list(Place(box.archive).words.iterdir())) == 1
    assert box.found("content:alpha") == {"message 1"}
    assert box.found("contract") == {"message 1"}
    call("erase", box.archive, "<1@example.org>", "--quiet")
    assert box.found("content:alpha") == set()
    assert not box.terms("alpha")
    assert "alpha" not in box.texts()
    assert box.found("interest") == {"message 3"}


def test_compaction_and_repair_change_nothing(box: Box) -> None:
    """Files of the archive's index go and come: the search index stands on others, and finds the same."""
    update(box.archive)
    for number in range(4, 8):
        box.add(number, "one more contract")
        box.keep()
    update(box.archive)
    before = {query: box.found(query) for query in ("contract", "content:alpha", "-contract")}
    call("compact", box.archive, "--quiet")
    assert update(box.archive).messages in (0, 7)
    assert {query: box.found(query) for query in before} == before
    with Archive.open(box.archive) as archive:
        archive.index_files("messages")[0].unlink()
    call("repair", box.archive, "--quiet")
    update(box.archive)
    assert {query: box.found(query) for query in before} == before


@pytest.mark.parametrize(
    "harm",
    [
        lambda place: place.state.unlink(),
        lambda place: place.state.write_bytes(b"{"),
        lambda place: place.state.write_bytes(b'{"format": 1}'),
        lambda place: place.state.write_text(place.state.read_text().replace('"words": "', '"words": "../../')),
        lambda place: place.state.write_text(place.state.read_text().replace('"words_format": ', '"words_format": 9')),
        lambda place: shutil.rmtree(place.words),
        lambda place: shutil.rmtree(place.folder / "texts"),
        lambda place: shutil.rmtree(place.folder),
    ],
    ids=["no-state", "no-json", "no-keys", "hostile-name", "other-format", "no-words", "no-texts", "nothing"],
)
def test_whatever_is_lost_is_made_anew(box: Box, harm: Callable[[Place], object]) -> None:
    """It is never a source of truth: the next update begins where it must."""
    update(box.archive)
    harm(Place(box.archive))
    update(box.archive)
    assert box.found("contract") == {"message 1"}
    assert box.found("content:beta") == {"message 1", "message 2"}
    assert len(list(Place(box.archive).words.iterdir())) == 1


def test_a_damaged_index_is_told_and_made_anew(box: Box) -> None:
    """The error is one line and says how; `--rebuild` mends it."""
    update(box.archive)
    state = read_state(Place(box.archive).state)
    meta = Place(box.archive).words / state.words / "meta.json"
    meta.write_bytes(b"nonsense")
    result = CliRunner().invoke(cli, ["search", str(box.archive), "contract", "--no-update"])
    assert result.exit_code == 6
    assert "--rebuild" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "message 1" in call("search", box.archive, "contract", "--rebuild")


_KILLED = """
import os, signal, sys
from pathlib import Path
from mailstrata.search.engine import update as module
from mailstrata.search.words.index import WordsWriter

what, number, archive = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
left = number

def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

if what == "files":
    def hook(event, arguments):
        if event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir") and archive.name in str(arguments[0]):
            count()
    sys.addaudithook(hook)
else:
    commit = WordsWriter.commit
    def committing(self):
        if what == "before commit":
            count()
        commit(self)
        if what == "after commit":
            count()
    WordsWriter.commit = committing
module.GROUP_ROWS = 1
module.update(archive)
"""


@pytest.mark.parametrize(
    ("what", "number"),
    [
        *(("files", number) for number in range(0, 12, 3)),
        ("before commit", 0),
        ("after commit", 0),
        ("before commit", 1),
        ("after commit", 1),
    ],
)
def test_a_run_that_is_killed_is_gone_on_with(box: Box, what: str, number: int) -> None:
    """At any change of the folder, and on both sides of a commit of the full-text index: the next update finishes, and
    each message is found once."""
    update(box.archive)
    for each in (4, 5):
        box.add(each, "the contract again", f"gamma,{each}")
        box.keep()
    call("erase", box.archive, "<3@example.org>", "--quiet")
    box.add(6, "the last contract", "delta")
    box.keep()
    words = [sys.executable, "-c", _KILLED, what, str(number), str(box.archive)]
    ended = subprocess.run(words, capture_output=True, check=False)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    update(box.archive)
    assert box.found("contract") == {"message 1", "message 4", "message 5", "message 6"}
    assert box.found("content:gamma") == {"message 4", "message 5"}
    assert box.found("content:alpha") == {"message 1", "message 2"}
    assert box.found("interest") == set()
    assert not read_state(Place(box.archive).state).is_unfinished


def test_one_updater_at_a_time_and_searching_goes_on(box: Box) -> None:
    """The second is told who the first is; a search that cannot update says so and searches what there is."""
    update(box.archive)
    box.add(4, "another contract")
    box.keep()
    lock = WriterLock(Place(box.archive).lock)
    lock.acquire()
    try:
        with pytest.raises(LockedError, match="being written to by process"):
            update(box.archive)
        result = CliRunner().invoke(cli, ["search", str(box.archive), "contract", "--format", "ids"])
        assert result.exit_code == 0
        assert len(result.stdout.split()) == 1
        assert "another process" in result.stderr
    finally:
        lock.release()
    assert update(box.archive).messages == 1
    assert box.found("contract") == {"message 1", "message 4"}


def test_an_open_search_stays_at_what_it_was_opened_with(box: Box) -> None:
    """Also when the index is made anew meanwhile, and its files are removed."""
    update(box.archive)
    with Search(box.archive) as search:
        update(box.archive, rebuild=True)
        assert [hit.subject for hit in search.list("contract")] == ["message 1"]
        assert search.count("alpha") == 2


def test_searching_without_an_index_says_what_to_do(box: Box) -> None:
    """Nothing is made by who only asks."""
    with pytest.raises(UsageError, match="mailstrata search"):
        Search(box.archive)
    assert not Place(box.archive).exists()


def test_archive_keeps_the_index_where_there_is_one(box: Box) -> None:
    """Where there is one, with --search in any case, and with --no-search not."""
    call("archive", box.mail, "--to", box.archive, "--quiet")
    assert not Place(box.archive).exists()
    call("archive", box.mail, "--to", box.archive, "--quiet", "--search")
    assert box.found("contract") == {"message 1"}
    box.add(4, "another contract")
    call("archive", box.mail, "--to", box.archive, "--quiet", "--no-search")
    with Search(box.archive) as search:
        assert not search.is_current
    call("archive", box.mail, "--to", box.archive, "--quiet")
    assert box.found("contract") == {"message 1", "message 4"}


def test_verification_does_not_look_at_it(box: Box) -> None:
    """No commit names it."""
    update(box.archive)
    call("verify", box.archive, "--quiet")


def test_a_state_that_is_written_is_read(tmp_path: Path, searchable: Path) -> None:
    """What the file says is what was known; a missing file is no index."""
    state = read_state(Place(searchable).state)
    assert state.words
    assert state.message_files
    assert state.texts_files
    assert not state.is_unfinished
    assert read_state(tmp_path / "state.json") == State()
    assert json.loads(Place(searchable).state.read_bytes())["words"] == state.words


def test_made_of_texts_again_it_finds_the_same(searchable: Path, known: list[Mail], tmp_path: Path) -> None:
    """The words are made of the texts that are there, without reading a message."""
    archive = tmp_path / "archive"
    shutil.copytree(searchable, archive)
    Place(archive).state.unlink()
    before = texts_files(archive)
    report = update(archive)
    assert report.is_new
    assert report.messages == len(known)
    assert texts_files(archive) == before
    with Search(archive) as search:
        for query in QUERIES:
            assert set(search.ids(query)) == finds(parse_query(query), known, words_of)


def _digest(box: Box, query: str) -> str:
    with Search(box.archive) as search:
        return search.list(query)[0].sha256
