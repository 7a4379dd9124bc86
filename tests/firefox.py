"""A Firefox without a window, driven over WebDriver BiDi; it needs no geckodriver.

Names and arguments are Playwright's, as far as they go, so that one test reads the same in Chromium
and in Firefox. Playwright's own way to Firefox asks for a command that Debian's does not have yet
(emulation.setMediaFeaturesOverride): once it has, Playwright can take this file's place.
"""

import base64
import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from websockets.sync.client import ClientConnection, connect

_PATIENCE_S = 120  # a machine that does much else at the same time is slow
_KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "ArrowDown": "\ue015"}
_PREFERENCES = {
    "layout.css.prefers-color-scheme.content-override": 2,  # as the system is
    "ui.prefersReducedMotion": 1,
    # One process for pages, and none kept ready: half the time of a start.
    "dom.ipc.processCount": 1,
    "dom.ipc.processPrelaunch.enabled": False,
    "fission.autostart": False,
    "browser.startup.page": 0,
    "browser.newtabpage.enabled": False,
    # Downloads go to a folder, unasked. BiDi's own events of them came with a later version.
    "browser.download.folderList": 2,
    "browser.download.alwaysOpenPanel": False,
}


@contextmanager
def launch(program: str, folder: Path) -> Iterator["Browser"]:
    """Have Firefox, with profiles of its own below a folder, until the block ends."""
    with ExitStack() as opened:
        yield Browser(lambda scheme: opened.enter_context(_started(program, folder, scheme)))


class Browser:
    """Firefox: one that runs for each colour scheme, from the first page in it on.

    Not every version lets a running one change its scheme.
    """

    def __init__(self, start: Callable[[str], "Firefox"]):
        self._start, self._running = start, dict[str, Firefox]()

    def new_page(self, viewport: dict[str, int], color_scheme: str, reduced_motion: str) -> "Page":
        """Open an empty page so wide and high, in a colour scheme, "light" or "dark"."""
        assert reduced_motion == "reduce"  # the only one there is: it stands in the profile
        if color_scheme not in self._running:
            self._running[color_scheme] = self._start(color_scheme)
        return self._running[color_scheme].new_page(viewport)


@contextmanager
def _started(program: str, folder: Path, scheme: str) -> Iterator["Firefox"]:
    """Start a Firefox in a colour scheme; end it with the block."""
    profile, downloads = folder / scheme / "profile", folder / scheme / "downloads"
    profile.mkdir(parents=True)
    downloads.mkdir()
    preferences = {
        **_PREFERENCES,
        "ui.systemUsesDarkTheme": int(scheme == "dark"),
        "browser.download.dir": str(downloads),
    }
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences.items())
    (profile / "user.js").write_text("\n".join(lines))
    process = subprocess.Popen(
        [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"],
        env={**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"ws://127.0.0.1:{_port(process, profile)}/session"
        # A ping to keep the connection alive draws from Python's generator, in a thread of its own, for
        # as long as the browser stands open: Hypothesis would call another test unreliable.
        with connect(address, max_size=None, compression=None, ping_interval=None) as socket:
            yield Firefox(socket, downloads)
    finally:
        process.terminate()
        process.wait()


def _port(process: subprocess.Popen, profile: Path) -> int:
    """Return the port that Firefox listens on, as it writes it into its profile."""
    answer = profile / "WebDriverBiDiServer.json"
    end = time.monotonic() + _PATIENCE_S
    while not (answer.is_file() and (text := answer.read_text())):
        assert process.poll() is None, f"Firefox ended with status {process.returncode}"
        assert time.monotonic() < end, f"Firefox did not answer in {_PATIENCE_S} s"
        time.sleep(0.05)
    return json.loads(text)["ws_port"]


class Firefox:
    """A running Firefox: a session, and pages by the name of their browsing context."""

    def __init__(self, socket: ClientConnection, downloads: Path):
        self._socket, self._numbers = socket, itertools.count()
        self.downloads = downloads
        self._pages: dict[str, Page] = {}
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; pages are told of the events until then."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := self.receive()).get("id") != number:
            pass
        assert answer["type"] == "success", f"{method}: {answer.get('message')}"
        return answer["result"]

    def receive(self) -> dict[str, Any]:
        """Return the next message; an event is handed to its page as well."""
        message = json.loads(self._socket.recv(timeout=_PATIENCE_S))
        if message["type"] == "event":
            params = message["params"]
            page = self._pages.get(params.get("context") or params.get("source", {}).get("context"))
            if page:
                page.hear(message["method"], params)
        return message

    def new_page(self, viewport: dict[str, int]) -> "Page":
        """Open an empty page so wide and high."""
        context = self.send("browsingContext.create", type="tab")["context"]
        page = self._pages[context] = Page(self, context)
        self.send("browsingContext.setViewport", context=context, viewport=viewport)
        return page


class Mouse:
    """The mouse of a tab."""

    def __init__(self, send: Callable[..., object]):
        self._send = send

    def move(self, x: float, y: float) -> None:
        """Move at once to a point (px from the viewport's top left)."""
        self._do("pointer", type="pointerMove", x=round(x), y=round(y), duration=0)

    def down(self) -> None:
        """Press the left button."""
        self._do("pointer", type="pointerDown", button=0)

    def up(self) -> None:
        """Release it."""
        self._do("pointer", type="pointerUp", button=0)

    def _do(self, kind: str, **action: Any) -> None:
        source = {"type": kind, "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._send("input.performActions", actions=[{**source, "actions": [action]}])


class Page:
    """A tab."""

    def __init__(self, firefox: Firefox, context: str):
        self._firefox, self._context = firefox, context
        self.mouse = Mouse(self._send)
        self._handlers: dict[str, Callable[[Any], object]] = {}

    def on(self, event: str, handler: Callable[[Any], object]) -> None:
        """Call a handler at each "console" (a message or an error: .text) or "request" (.url)."""
        self._handlers[event] = handler

    def hear(self, method: str, params: dict[str, Any]) -> None:
        """Pass an event on."""
        ignore = lambda _: None  # noqa: E731
        if method == "log.entryAdded":
            self._handlers.get("console", ignore)(SimpleNamespace(text=params["text"]))
        elif method == "network.beforeRequestSent":
            url = params["request"]["url"]
            self._handlers.get("request", ignore)(SimpleNamespace(url=url))

    def goto(self, address: str) -> None:
        """Open an address and wait until all of it is loaded."""
        self._send("browsingContext.navigate", url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return an expression's value, or its promise's, which must be plain content."""
        code = f"(async () => JSON.stringify(await ({expression})) ?? 'null')()"
        answer = self._firefox.send(
            "script.evaluate",
            expression=code,
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def press(self, selector: str, key: str) -> None:
        """Focus an element and press a key: one of its own (a), or one with a name (Enter)."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        value = _KEYS.get(key, key)
        strokes = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        self._send("input.performActions", actions=[keyboard])

    @contextmanager
    def expect_download(self) -> Iterator[SimpleNamespace]:
        """Wait after the block for a file that it made the page hand out: .value.path()."""
        got = SimpleNamespace()
        folder, end = self._firefox.downloads, time.monotonic() + _PATIENCE_S
        before = set(folder.iterdir())
        yield got
        # Until it is whole, it is empty and has a second file beside it.
        while len(new := set(folder.iterdir()) - before) != 1 or not min(new).stat().st_size:
            assert time.monotonic() < end, f"nothing was downloaded in {_PATIENCE_S} s"
            time.sleep(0.05)
        (path,) = new
        got.value = SimpleNamespace(path=lambda: path)

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the whole page."""
        picture = self._send("browsingContext.captureScreenshot", origin="document")
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self) -> None:
        """Close the tab."""
        self._send("browsingContext.close")

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        return self._firefox.send(method, context=self._context, **params)
