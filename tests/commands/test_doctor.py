"""`humouse doctor`: what it says where all is well, and of what is in the way."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import humouse
from humouse import extras
from humouse.commands import doctor
from humouse.errors import InputError
from humouse.settings import DoctorSettings
from humouse.training import checkpoint


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def test_all_is_well_here(call: Callable):
    home = str(Path(humouse.__file__).parents[1])
    done = call("-m", "humouse", "doctor", f"ports=[{free_port()}]", PYTHONPATH=home)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        f"humouse {humouse.__version__}",
        "sapimouse_events.safetensors makes movements",
        "knows the devices of sapimouse, kh2017, balabit",
        "CPU cores",
        "free on this machine",
    ):
        assert words in done.stdout
    assert "!!" not in done.stdout


def test_what_is_in_the_way_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    damaged = tmp_path / "sapimouse_events.safetensors"
    damaged.write_bytes(b"nothing")
    monkeypatch.setattr(checkpoint, "PRETRAINED", damaged)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"packaged model, port {port}, port 99999: not well"):
            doctor.run(DoctorSettings(ports=[port, 99_999]))
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("!!")]
    assert len(wrong) == 3
    assert str(tmp_path) in wrong[0]
    assert "port=0" in wrong[1]


def test_a_needed_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(extras, "CORE", ("numpy", "not_there.at_all"))
    with pytest.raises(InputError, match="needed packages: not well"):
        doctor.run(DoctorSettings(ports=[]))
    (wrong,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("!!")]
    assert "not installed (not_there.at_all): install humouse again" in wrong
