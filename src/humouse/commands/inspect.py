"""`humouse data inspect`: what recordings hold, and what would become of them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from humouse.commands.help import print_page
from humouse.data.inspection import Inspection, inspect
from humouse.data.sources import make_source
from humouse.errors import InputError
from humouse.extras import require
from humouse.files import atomic_write, set_aside
from humouse.gestures import GestureRules
from humouse.settings import InspectSettings


def run(settings: InspectSettings) -> None:
    """Print what recordings hold, and draw the first gestures where a picture is asked for."""
    if settings.root is None:
        raise InputError("root: name the file or folder, as in humouse data inspect logs/")
    if settings.picture is not None:
        require("a picture", "report")
    options: dict[str, Any] = asdict(settings.source)
    source = make_source(options.pop("name"), root=settings.root, **options)
    found = inspect(source, GestureRules())
    print_page("\n".join(found.lines))
    if settings.picture is not None:
        _draw(found, Path(settings.picture))


def _draw(found: Inspection, path: Path) -> None:
    figure = found.gestures.plot().get_figure(root=True)
    assert figure is not None
    set_aside(path)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format=path.suffix.removeprefix(".") or "png", dpi=150)
    print(f"picture of the first gestures: {path}")
