"""`humouse demo`: everything once, small."""

from pathlib import Path

import pytest

from humouse.commands.demo import run
from humouse.errors import InputError
from humouse.settings import DemoSettings
from humouse.settings.compose import settings_from


def asked(*overrides: str) -> DemoSettings:
    return settings_from("demo", DemoSettings, list(overrides))


@pytest.mark.slow  # every verb once
def test_it_ends_with_what_came_out_and_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run(asked("out_dir=a demo", "steps=2", "n=40", "open=true"))
    out = capsys.readouterr().out
    assert "The detector flags " in out
    *_, last = out.split("Look at:\n")
    for line in last.splitlines():
        path = line.split("  ")[1]
        assert (tmp_path / path).is_file(), path
    assert opened == [(tmp_path / "a demo/scores/report.html").as_uri()]
    assert {path.name for path in tmp_path.iterdir()} == {"a demo"}


@pytest.mark.parametrize("override", ["steps=0", "n=19"])
def test_what_cannot_be(override: str, tmp_path: Path):
    with pytest.raises(InputError, match=override):
        run(asked(override, f"out_dir={tmp_path / 'demo'}"))
    assert list(tmp_path.iterdir()) == []
