"""Commands, run in this process as a user would call them."""

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def humouse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run a command here; return its exit status and what it printed."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["humouse", *map(str, words)])
        from humouse import cli

        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
