"""The service that tests of this folder ask, one a module."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from examples.service import serving


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service") / "sessions.sqlite"


@pytest.fixture(scope="module")
def service(database: Path) -> Iterator[httpx.Client]:
    words = [
        f"database=sqlite:///{database}",
        "limits.body_bytes=200000",
        "limits.movements=60",
        "limits.session_events=3000",
        "limits.requests_per_second=5000",
        "timeouts.body_s=0.5",
        "cors=[https://shop.example]",
    ]
    with serving(words) as client:
        yield client
