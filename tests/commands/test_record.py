"""`humouse record` as a user runs it: where the page is, how it ends, and what it refuses."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from examples.batches import batch
from humouse.commands.launch import user_errors
from humouse.commands.record import run
from humouse.settings import RecordSettings
from humouse.settings.compose import settings_from


@contextmanager
def recording(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run the command in a folder, its output in the file `said`; yield it and the page's address."""
    command = [sys.executable, "-m", "humouse", "record", "port=0", *words]
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        try:
            while not (
                found := re.search(r"http://127\.0\.0\.1:\d+/", (folder / "said").read_text())
            ):
                assert process.poll() is None, (folder / "said").read_text()
                time.sleep(0.05)
            yield process, found[0]
        finally:
            process.kill()
            process.wait()


def sent(address: str, content: dict) -> dict:
    answer = httpx.post(f"{address}v1/sessions/s/events", json=content)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.slow
def test_it_is_ended_by_ctrl_c_in_one_line(tmp_path: Path):
    with recording(tmp_path, "person=ann") as (process, address):
        assert sent(address, batch("a")) == {"stored": True}
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    begun, *ended = (tmp_path / "said").read_text().splitlines()
    assert begun == f"recording into my_mouse/ at {address}"
    next_step = "(1 session is in my_mouse; next: humouse data inspect my_mouse)"
    assert ended == ["Ctrl-C ends it", f"humouse: interrupted {next_step}"]
    (line,) = (tmp_path / "my_mouse" / "s.ndjson").read_text().splitlines()
    assert json.loads(line)["person"] == "ann"


def test_what_was_answered_for_is_there_after_a_kill_and_stored_once(tmp_path: Path):
    with recording(tmp_path, "out=o") as (process, address):
        assert sent(address, batch("a")) == {"stored": True}
        os.kill(process.pid, signal.SIGKILL)
    with recording(tmp_path, "out=o") as (_, address):
        assert sent(address, batch("a")) == {"stored": False}
        assert sent(address, batch("b")) == {"stored": True}
    lines = (tmp_path / "o" / "s.ndjson").read_text().splitlines()
    assert [json.loads(line)["batch"] for line in lines] == ["a", "b"]


def refused(word: str) -> None:
    """Run the command in this process, as far as it comes."""
    with pytest.raises(SystemExit) as ended, user_errors():
        run(settings_from("record", RecordSettings, [word]))
    assert ended.value.code == 2


def test_a_port_that_is_taken_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(f"port={port}")
    said = (
        f"humouse: port={port}: cannot be used (Address already in use); choose another, or port=0"
    )
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("port=70000", "humouse: port=70000: must lie between 0 and 65,535\n"),
        ("person=' '", "humouse: person: give a name, such as person=me\n"),
        ("out=file/in", "humouse: file/in: cannot be made (Not a directory)\n"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path, word, said, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    refused(word)
    assert capsys.readouterr().err == said
