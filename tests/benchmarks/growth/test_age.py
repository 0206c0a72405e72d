"""The age of an archive: the mail grows as it should, and everything is measured that the judge compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.growth import runs
from benchmarks.growth.age import ARCHIVE, AT_ONCE, COMPACTED, READING, YOUNG, Ages, GrowingMail, measure_age
from benchmarks.growth.curves import AGE
from benchmarks.growth.store import Store
from benchmarks.inputs import make
from benchmarks.peers.mbox import messages

SMALL = Ages(runs=3, first=4, new=2, readings=(1, 3), young_runs=1)


def test_mail_grows_in_both_places(tmp_path: Path) -> None:
    """Every message once, half of them in either, and what was there stays as it was."""
    source = Path(make("small", SMALL.messages, tmp_path).path)
    mail = GrowingMail(tmp_path / "mail", SMALL, source)
    mail.grow(SMALL.first)
    mbox = (tmp_path / "mail" / "inbox.mbox").read_bytes()
    files = {path: path.read_bytes() for path in (tmp_path / "mail" / "box" / "cur").iterdir()}
    assert len(files) == SMALL.first
    for _ in range(SMALL.runs - 1):
        mail.grow(SMALL.new)
    assert (tmp_path / "mail" / "inbox.mbox").read_bytes().startswith(mbox)
    assert {path: path.read_bytes() for path in files} == files
    now = [path.read_bytes() for path in (tmp_path / "mail" / "box" / "cur").iterdir()]
    assert len(now) == SMALL.messages // 2
    delivered = [*now, *messages(tmp_path / "mail" / "inbox.mbox")]
    assert sorted(data.rstrip() for data in delivered) == sorted(data.rstrip() for data in messages(source))


def test_everything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run, the last ones on the young archive, reading at each age, compacted and made at once; and not again."""
    monkeypatch.setattr(runs, "MOST_RUNS", 1)
    store = Store(tmp_path / "points.json")
    place = tmp_path / "place"
    place.mkdir()
    measure_age(store, SMALL, tmp_path, place, lambda _: None)
    found = {(point.job, point.amount): point for point in store.points}
    expected = {(ARCHIVE, 1), (ARCHIVE, 2), (ARCHIVE, 3), (YOUNG, 3)}
    expected |= {(job, amount) for job in READING for amount in SMALL.readings}
    expected |= {(name.format(job), 3) for job in READING for name in (COMPACTED, AT_ONCE)}
    assert set(found) == expected
    assert {point.curve for point in store.points} == {AGE}
    assert found[ARCHIVE, 1].facts["messages"] == 2 * SMALL.first
    assert found[ARCHIVE, 3].facts["messages"] == found[YOUNG, 3].facts["messages"] == 2 * SMALL.new
    assert found["info", 3].facts["files"] > found[COMPACTED.format("info"), 3].facts["files"]
    monkeypatch.setattr("benchmarks.growth.age.run", None)
    measure_age(store, SMALL, tmp_path, place, lambda _: None)


def test_what_was_interrupted_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The points of half an age are of no use to the other half, and are gone."""
    store = Store(tmp_path / "points.json")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.setattr("benchmarks.growth.age.AgeRuns._read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure_age(store, SMALL, tmp_path, place, lambda _: None)
    assert [(point.job, point.amount) for point in store.points] == [(ARCHIVE, 1)]
    store.points[0].seconds = -1
    another = tmp_path / "another"
    another.mkdir()
    with pytest.raises(KeyboardInterrupt):
        measure_age(store, SMALL, tmp_path, another, lambda _: None)
    assert [point.seconds > 0 for point in store.points] == [True]
