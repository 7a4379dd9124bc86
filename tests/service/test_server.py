"""What the process of the service is made of."""

from collections.abc import Callable
from pathlib import Path

import pytest

import humouse

_STARTED = """
import sys

for name in ("torch", "sklearn", "matplotlib"):
    sys.modules[name] = None  # as if it were not installed
from humouse.service.app import create_app
from humouse.settings import ServeSettings
from humouse.settings.compose import settings_from

app = create_app(settings_from("serve", ServeSettings, ["database=sqlite:///s.sqlite"]))
print(len(app.openapi()["paths"]), "addresses")
"""


@pytest.mark.slow
def test_it_runs_without_torch(tmp_path: Path, call: Callable):
    """The detector is loaded and tried when the application is made."""
    home = str(Path(humouse.__file__).parents[1])
    done = call("-c", _STARTED, cwd=tmp_path, PYTHONPATH=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "6 addresses"
