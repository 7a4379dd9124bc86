"""`humouse record`: a page in which a person records how he moves."""

from pathlib import Path
from typing import TYPE_CHECKING

from humouse.errors import InputError
from humouse.settings import RecordSettings

if TYPE_CHECKING:
    from humouse.recorder.store import Store


def run(settings: RecordSettings) -> None:
    """Serve the page until Ctrl-C."""
    from humouse.recorder.serve import address_of, listen, serve  # the extra `serve`
    from humouse.recorder.store import Store

    if not settings.person.strip():
        raise InputError("person: give a name, such as person=me")
    store = Store(Path(settings.out).expanduser(), settings.person.strip())
    with listen(settings.port) as listening:
        print(
            f"recording into {store.folder}/ at {address_of(listening)}\nCtrl-C ends it", flush=True
        )
        try:
            serve(store, listening)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_next(store)) from None


def _next(store: "Store") -> str:
    kept = len(store.sessions())
    if not kept:
        return f"(nothing was recorded into {store.folder})"
    sessions = "1 session is" if kept == 1 else f"{kept} sessions are"
    return f"({sessions} in {store.folder}; next: humouse data inspect {store.folder})"
