"""`mailstrata parse`: the structure of each message, for people and as JSON lines."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from click.testing import Result
from support.command_line import ATTACHED, DEFECTIVE, PLAIN, WITH_ATTACHMENT, Call, Spawn, mbox_of


def objects(result: Result) -> list[dict[str, Any]]:
    """The JSON objects of the output, one a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_message_is_one_json_object_with_exact_offsets(call: Call, mbox: Path) -> None:
    """The bytes at the offsets are the message, and its digest is that of those bytes."""
    result = call("parse", mbox, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = objects(result)
    data = mbox.read_bytes()
    for index, (message, original) in enumerate(zip(found, [PLAIN, WITH_ATTACHMENT, DEFECTIVE], strict=True)):
        assert message["index"] == index
        assert data[message["start"] : message["end"]] == original
        assert message["sha256"] == hashlib.sha256(original).hexdigest()
        assert message["size"] == len(original)
    assert found[0]["subject"] == "Grüße"
    assert found[0]["date"] == "2025-11-10T10:00:00+00:00"
    assert found[0]["to_addresses"] == [{"name": "Bob", "address": "bob@example.org"}]


def test_parts_come_in_document_order_with_sizes_of_their_content(call: Call, mbox: Path) -> None:
    """Containers stand before their children and have no size; a leaf's is that of its decoded bytes."""
    parts = objects(call("parse", mbox, "--json"))[1]["parts"]
    assert [(part["path"], part["content_type"], part["size"]) for part in parts] == [
        ("1", "multipart/mixed", None),
        ("1.1", "text/plain", 11),
        ("1.2", "application/octet-stream", 512),
    ]
    assert parts[2]["sha256"] == hashlib.sha256(ATTACHED).hexdigest()
    assert parts[2]["filename"] == "data.bin"
    assert parts[2]["encoding"] == "base64"


def test_the_tree_names_what_people_look_for(call: Call, mbox: Path) -> None:
    """Without --json: one block a message, parts indented, with type, size, file name and defects."""
    result = call("parse", mbox)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "  subject     Grüße" in lines
    assert "  1  multipart/mixed" in lines
    assert '    1.2  application/octet-stream  512 B  "data.bin"' in lines
    assert "  defects     missing-date, missing-from" in lines
    assert any(line.endswith("[missing-boundary-parameter]") for line in lines)


def test_standard_input_is_a_source(call: Call) -> None:
    """`-` reads what is piped in."""
    found = objects(call("parse", "-", "--json", input=mbox_of(PLAIN)))
    assert [message["subject"] for message in found] == ["Grüße"]


def test_mail_cannot_act_on_the_terminal(call: Call, tmp_path: Path) -> None:
    """Escape sequences in a header or a file name, raw or encoded, come out as escapes, as a tree and as JSON."""
    evil = (
        b"From: a@example.org\nDate: Mon, 10 Nov 2025 11:00:00 +0100\n"
        b"Subject: \x1b]0;owned\x07 =?utf-8?q?=1B[2J=C2=9B?=\n"
        b"Content-Disposition: attachment; filename*=utf-8''%1b%5b31m%e2%80%ae\n\nx\n"
    )
    path = tmp_path / "evil.eml"
    path.write_bytes(evil)
    for words in (["parse", path], ["parse", path, "--json"]):
        result = call(*words)
        assert result.exit_code == 0
        assert "owned" in result.stdout
        assert not any(control in result.stdout for control in "\x1b\x07\x9b\u202e")


def test_names_of_any_bytes_are_sources(spawn: Spawn, tmp_path: Path) -> None:
    """A path that is no UTF-8 is read, and shown with U+FFFD."""
    path = os.fsencode(tmp_path) + b"/in\xffbox"
    Path(os.fsdecode(path)).write_bytes(mbox_of(PLAIN))
    run = spawn("parse", path, "--json", env={**os.environ, "PYTHONUTF8": "1"})
    assert (run.returncode, run.stderr) == (0, b"")
    assert json.loads(run.stdout)["source"].endswith("in\ufffdbox")


def test_an_output_that_is_not_utf8_raises_nothing(spawn: Spawn, mbox: Path) -> None:
    """In the C locale, umlauts come out as escapes; JSON stays JSON."""
    env = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    tree = spawn("parse", mbox, env=env)
    assert tree.returncode == 0
    assert b"Gr\\xfc\\xdfe" in tree.stdout
    line = spawn("parse", mbox, "--json", env=env).stdout.splitlines()[0]
    assert json.loads(line.decode("ascii"))["subject"] == "Grüße"


def test_limits_bound_the_structure(call: Call, mbox: Path) -> None:
    """--max-depth and --max-parts reach the parser, whose defects say so."""
    shallow = objects(call("parse", mbox, "--json", "--max-depth", "1"))[1]
    assert [part["path"] for part in shallow["parts"]] == ["1"]
    assert shallow["parts"][0]["defects"][0]["code"] == "depth-limit"
    few = objects(call("parse", mbox, "--json", "--max-parts", "2"))[1]
    assert "parts-limit" in [defect["code"] for defect in few["defects"]]


def test_the_mbox_variant_decides_what_is_unquoted(call: Call, tmp_path: Path) -> None:
    """`>From ` loses its bracket as mboxrd and keeps it as mboxcl2."""
    path = tmp_path / "quoted.mbox"
    path.write_bytes(mbox_of(PLAIN + b">From the start\n"))
    sizes = {
        variant: objects(call("parse", path, "--json", "--mbox-variant", variant))[0]["size"]
        for variant in ("mboxrd", "mboxcl2")
    }
    assert sizes["mboxcl2"] == sizes["mboxrd"] + 1
