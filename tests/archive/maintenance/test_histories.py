"""Compaction and erasure at any point of any history, compared with a model of what must be left."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.histories import (
    GAP,
    POOL,
    SMALL_PACK,
    Everything,
    FileContent,
    Mail,
    archive_sources,
    damage_in,
    digest_of,
    everything_in,
    mbox_source,
    members_by_catalogue,
    members_by_packs,
    quoted,
    small_limits,
    strays,
    tree_source,
)

from mailstrata.archive.maintenance.compact import compact
from mailstrata.archive.maintenance.erase import erase, plan
from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import ArchiveError, UsageError

_KEYS = {"messages": "sha256", "occurrences": "message", "parts": "message", "blobs": "sha256"}
_REASON = "asked to"
_NUMBERS = st.integers(0, len(POOL) - 1)

Arrival = tuple[bool, str, list[int]]
"""Mail comes in: whether in a folder or an mbox, its name, and which messages of the pool."""

Step = Arrival | str | frozenset[int]
"""An arrival; `compact`, or `compact all` where every pack counts as small; or the numbers of messages to erase."""

_arrivals = st.tuples(st.booleans(), st.sampled_from(["a", "b"]), st.lists(_NUMBERS, max_size=6))
_steps = st.lists(
    st.one_of(
        _arrivals,
        _arrivals,
        st.sampled_from(["compact", "compact all"]),
        st.frozensets(_NUMBERS, min_size=1, max_size=3),
    ),
    max_size=6,
)


@dataclass
class Model:
    """What an archive must hold: messages by digest, those that were erased, and whether the gap came in."""

    mails: dict[str, Mail] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    has_gap: bool = False

    def blobs(self) -> set[str]:
        """What something refers to."""
        found = {digest_of(GAP)} if self.has_gap else set()
        return found.union(*(each.blobs for each in self.mails.values()))


class History:
    """An archive and the model of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.model = Model()

    def take(self, step: Step) -> None:
        """Take a step, and check what it came to."""
        if isinstance(step, tuple):
            self._arrive(*step)
        elif isinstance(step, frozenset):
            self._erase([POOL[number] for number in sorted(step)])
        else:
            self._compact(SMALL_PACK if step == "compact" else 1 << 40)
        assert damage_in(self.root) == []
        assert members_by_catalogue(self.root) == members_by_packs(self.root)

    def _arrive(self, is_tree: bool, name: str, numbers: list[int]) -> None:
        mails = [POOL[number] for number in numbers]
        archive_sources(self.root, (tree_source if is_tree else mbox_source)(name, mails))
        if is_tree:
            mails.append(POOL[0])
            self.model.has_gap = True
        self.model.mails.update((each.sha256, each) for each in mails if each.sha256 not in self.model.erased)
        self._check_content(everything_in(self.root))

    def _check_content(self, found: Everything) -> None:
        assert found.messages.keys() == self.model.mails.keys()
        assert found.blobs == self.model.blobs()

    def _compact(self, small_pack: int) -> None:
        before = everything_in(self.root)
        result = compact(self.root, small_pack=small_pack)
        after = everything_in(self.root)
        if result.commit is not None:
            _check_same_as_before(after, result.commit)
        assert after == before
        assert (result.duplicates, sum(strays(self.root))) == (0, result.removed_bytes)
        if small_pack == SMALL_PACK:
            # Nothing is left to be merged, and what was merged goes.
            again = compact(self.root, small_pack=small_pack)
            assert (again.commit, again.removed_bytes, strays(self.root)) == (None, 0, [])

    def _erase(self, chosen: list[Mail]) -> None:
        model = self.model
        wanted = [each.sha256 for each in chosen]
        there = [digest for digest in wanted if digest in model.mails or digest in model.erased]
        if there != wanted:
            with pytest.raises(UsageError, match="has no message"):
                erase(self.root, wanted)
        if not there:
            return
        going = [digest for digest in there if digest in model.mails]
        held = set().union(*(model.mails[digest].blobs for digest in going))
        for digest in going:
            del model.mails[digest]
        model.erased.update(going)
        before = everything_in(self.root)
        planned = plan(self.root, there)
        report = erase(self.root, there, reason=_REASON)
        after = everything_in(self.root)
        assert report.messages == planned.messages == going
        assert set(report.already) == set(there) - set(going)
        assert set(report.blobs) == set(planned.blobs) == held - model.blobs()
        assert set(report.blobs_kept) == set(planned.blobs_kept) == held & model.blobs()
        assert (planned.packs, planned.pack_bytes, planned.commit) == (report.packs, report.pack_bytes, None)
        self._check_content(after)
        if report.commit is None:
            assert not going
        else:
            _check_same_as_before(after, report.commit)
        _check_only_erased_is_gone(before, after, going, report.blobs)
        with Archive.open(self.root) as archive:
            for digest in there:
                with pytest.raises(ArchiveError, match=rf"{digest} was erased \({_REASON}\)"):
                    b"".join(archive.read_message(digest))


def _check_same_as_before(found: Everything, commit: int) -> None:
    """What is restored at the commit is what is restored at the one before it; then leaves it out."""
    for number, snapshot, name in list(found.files):
        if number == commit:
            assert found.files.pop((number, snapshot, name)) == found.files[number - 1, snapshot, name]


def _check_only_erased_is_gone(before: Everything, after: Everything, messages: list[str], blobs: list[str]) -> None:
    assert after.messages == {digest: kind for digest, kind in before.messages.items() if digest not in messages}
    assert after.segments == before.segments
    for table, column in _KEYS.items():
        gone = [f"'{column}': '{digest}'" for digest in (blobs if table == "blobs" else messages)]
        assert after.rows[table] == [row for row in before.rows[table] if not any(each in row for each in gone)]
    assert after.files.keys() == before.files.keys()
    for key, content in after.files.items():
        _check_named_gaps(before.files[key], content, messages)


def _check_named_gaps(before: FileContent, after: FileContent, messages: list[str]) -> None:
    """Where an erased message stood is a gap with its digest; all other bytes are there."""
    whole = bytearray(before.data)
    for start, end, _, _ in before.erased:
        whole[start:start] = bytes(end - start)
    new = [span for span in after.erased if span not in before.erased]
    for start, end, digest, reason in new:
        assert digest in messages
        assert reason == _REASON
        text = next(each.raw for each in POOL if each.sha256 == digest)
        assert bytes(whole[start:end]) in (text, quoted(text))
    for start, end, _, _ in reversed(after.erased):
        del whole[start:end]
    assert bytes(whole) == after.data
    for digest in messages:
        text = next(each.raw for each in POOL if each.sha256 == digest)
        assert text not in after.data
        assert quoted(text) not in after.data


@example([(False, "a", [0, 2, 3]), (False, "b", [2, 4, 7]), "compact", frozenset({2}), "compact", frozenset({3, 7})])
@example([(False, "a", [5, 6]), (True, "b", [8]), frozenset({5}), (False, "a", [5, 7]), "compact all"])
@example([(True, "a", [5]), frozenset({0, 5}), frozenset({0, 5}), (False, "b", [9, 5])])
@settings(max_examples=25, deadline=None)
@given(_steps)
def test_any_history(steps: list[Step]) -> None:
    """Compaction leaves equal content; erasure takes out what was named and nothing else, and it stays out; mail comes
    in as if neither had been. What is restored is the same at every commit, and verification finds no damage."""
    with tempfile.TemporaryDirectory() as folder, small_limits():
        history = History(Path(folder) / "archive")
        for step in ((False, "a", [1, 2]), *steps):
            history.take(step)


def test_all_messages_are_erased(tmp_path: Path) -> None:
    """Nothing is left but the account of it: tables have files without rows, and new mail comes in."""
    with small_limits():
        history = History(tmp_path / "archive")
        every = list(range(len(POOL)))
        for step in ((False, "a", every), (True, "b", [1, 5]), frozenset(every), "compact", (False, "b", [3])):
            history.take(step)
        found = everything_in(history.root)
    assert found.messages == {}
    assert all(rows == [] or table == "blobs" for table, rows in found.rows.items())
    assert found.blobs == {digest_of(GAP)}
    for table in _KEYS:
        assert list((history.root / "index" / table).glob("*.parquet"))
