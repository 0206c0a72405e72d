"""What the time goes to, added up by kind from what perf reports."""

from __future__ import annotations

import pytest

from benchmarks import pages, profiles

REPORT = """
# Samples: 5K of event 'cpu-clock'
#
# Overhead  Shared Object                  Symbol
# ........  .............................  ..............
#
    33.57%  libpython3.11.so.1.0           [.] _PyEval_EvalFrameDefault
     5.87%  libpython3.11.so.1.0           [.] find_internal
     3.61%  libpython3.11.so.1.0           [.] sre_ucs1_match
     1.00%  libpython3.11.so.1.0           [.] gc_collect_main
     9.60%  3c7c__mypyc.cpython-311.so     [.] CPyDef_machine___Parser____take_plain
     2.00%  libc.so.6                      [.] __memmove_avx_unaligned_erms
     1.50%  [kernel.kallsyms]              [k] clear_page_erms
     0.50%  libcrypto.so.3                 [.] sha256_block_data_order_shaext
     0.25%  libstrange.so                  [.] something
"""


def test_shares():
    """Each function counts once, by the first kind that it is of; nothing is left out."""
    found = profiles.shares(REPORT)
    assert found == pytest.approx(
        {
            "interpreter": 33.57,
            "searching": 5.87,
            "expressions": 3.61,
            "objects": 1.0,
            "compiled Python": 9.6,
            "copying": 2.0,
            "kernel": 1.5,
            "hashing": 0.5,
            "other": 0.25,
        }
    )


@pytest.mark.parametrize(
    ("library", "function", "kind"),
    [
        ("_pybase64.cpython-311-x86_64-linux-gnu.so", "base64_stream_decode_avx2", "base64"),
        ("backend_c.cpython-311-x86_64-linux-gnu.so", "ZSTD_compressBlock_fast", "zstd"),
        ("libarrow.so.2600", "arrow::compute::Take", "Parquet"),
        ("libsqlite3.so.0.8.6", "sqlite3VdbeExec", "SQLite"),
        ("libc.so.6", "__memchr_avx2", "searching"),
        ("libc.so.6", "_int_malloc", "objects"),
        ("libc.so.6", "qsort", "other"),
    ],
)
def test_kinds(library, function, kind):
    """By library where that says it, by function where it does not."""
    assert profiles.kind_of(library, function) == kind


def test_table():
    """A column for each kind; what is below one per cent is not worth a figure."""
    table = profiles.table([("parse", "small", "source", {"interpreter": 70.4, "zstd": 0.4})])
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["job"], row["build"], row["interpreter"], row["zstd"]) == ("parse", "source", "70 %", "")


def test_every_job_is_one_that_is_measured():
    """What is profiled is what the table of the benchmarks has."""
    assert {job for job, _ in profiles.ROWS} == {"parse", "extract", "archive", "verify", "restore"}


def test_without_perf_it_says_what_to_install(monkeypatch, capsys):
    """One line, and nothing is run."""
    monkeypatch.setattr(profiles.shutil, "which", lambda name: None)
    monkeypatch.setattr(profiles.sys, "argv", ["profiles"])
    assert profiles.main() == 1
    assert capsys.readouterr().err.strip() == profiles.HOW_TO_INSTALL


def test_the_page_has_a_place(tmp_path):
    """The section of the page is one that `pages` fills."""
    page = tmp_path / "page.md"
    page.write_text("<!-- benchmarks: profiles -->\n<!-- benchmarks: end -->\n", encoding="utf-8")
    pages.fill(page, {profiles.SECTION: "here"})
    assert "here" in page.read_text(encoding="utf-8")
