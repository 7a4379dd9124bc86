"""Fetching, checking and unpacking, from a server on this machine."""

import hashlib
import io
import json
import os
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from humouse.data.public import fetch as fetching
from humouse.data.public.download import Archive, Downloaded, download, downloaded
from humouse.errors import InputError
from range_server import RangeServer, range_server

_PATTERN = "user*/session_*.csv"
_FILES = {f"sapimouse/user{n}/session_2020-05-0{n}_1min.csv": os.urandom(3000) for n in (1, 2, 3)}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "_PAUSE_S", 0.0)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as state:
        state.files["/set.zip"] = zipped(_FILES)
        yield state


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return content.getvalue()


def archive(address: str, sha256: str | None = None, pattern: str = _PATTERN) -> Archive:
    return Archive(address, sha256, pattern, "cite", "Somebody (2020)")


def fetched(server: RangeServer, folder: Path, sha256: str | None = None, path: str = "/set.zip"):
    return download(archive(server.address + path, sha256), folder, lambda done, total: None)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_recordings_arrive_without_the_folders_around_them(server: RangeServer, tmp_path: Path):
    content = server.files["/set.zip"]
    seen: list[tuple[int, int | None]] = []
    one = archive(f"{server.address}/set.zip", hashlib.sha256(content).hexdigest().upper())
    found = download(one, tmp_path / "a" / "set", lambda *now: seen.append(now))
    assert found == Downloaded(tmp_path / "a" / "set", 3, hashlib.sha256(content).hexdigest())
    for name, data in _FILES.items():
        assert (found.folder / name.removeprefix("sapimouse/")).read_bytes() == data
    assert (seen[0], seen[-1]) == ((0, len(content)), (len(content), len(content)))
    assert left(tmp_path / "a") == ["set"]
    manifest = json.loads((found.folder / "download.json").read_text())
    assert (manifest["citation"], len(manifest["files"])) == ("Somebody (2020)", 3)
    assert downloaded(one, found.folder) == found


def test_other_files_of_the_archive_stay_out(server: RangeServer, tmp_path: Path):
    more = {"__MACOSX/user1/._session_1.csv": b"", "test_files/user1/session_1": b"", "README": b""}
    server.files["/set.zip"] = zipped({**more, "x-1a2b/training_files/user7/session_1": b"1"})
    one = archive(f"{server.address}/set.zip", pattern="training_files/user*/session_*")
    download(one, tmp_path / "set", lambda done, total: None)
    names = [p.relative_to(tmp_path / "set").as_posix() for p in (tmp_path / "set").rglob("*")]
    assert sorted(names) == [
        "download.json",
        "training_files",
        "training_files/user7",
        "training_files/user7/session_1",
    ]


def test_a_connection_that_breaks_off_is_resumed_where_it_ended(
    server: RangeServer, tmp_path: Path
):
    server.cuts = [1000, 500]
    fetched(server, tmp_path / "set")
    assert server.asked == ["", "bytes=1000-", "bytes=1500-"]
    assert (tmp_path / "set/user3/session_2020-05-03_1min.csv").is_file()


def test_another_call_resumes_what_one_left(server: RangeServer, tmp_path: Path):
    server.cuts = [1000, 0, 0, 0]
    with pytest.raises(InputError, match=r"broke off .* after 1,000 bytes; the same command"):
        fetched(server, tmp_path / "set")
    assert left(tmp_path) == [".set.part", ".set.part.json"]
    server.asked = []
    fetched(server, tmp_path / "set")
    assert server.asked == ["bytes=1000-"]
    assert left(tmp_path) == ["set"]


@pytest.mark.parametrize("change", ["content", "no tag", "no ranges", "address"])
def test_it_begins_anew_where_the_rest_may_be_of_another_file(
    server: RangeServer, tmp_path: Path, change: str
):
    if change == "no tag":
        server.tag = None
    server.cuts = [1000, 0, 0, 0]
    with pytest.raises(InputError):
        fetched(server, tmp_path / "set")
    assert not server.cuts
    content = zipped({"user9/session_1.csv": b"9" * 5000})
    server.files["/set.zip"] = server.files["/other.zip"] = content
    if change == "content":
        server.tag = '"2"'
    server.resumes = change != "no ranges"
    path = "/other.zip" if change == "address" else "/set.zip"
    found = fetched(server, tmp_path / "set", hashlib.sha256(content).hexdigest(), path)
    assert found.recordings == 1


def test_what_arrived_whole_is_not_fetched_again(server: RangeServer, tmp_path: Path):
    def stop(done: int, total: int | None) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(archive(f"{server.address}/set.zip"), tmp_path / "set", stop)
    assert left(tmp_path) == [".set.part", ".set.part.json"]
    assert fetched(server, tmp_path / "set").recordings == 3
    assert server.asked == [""]


def test_another_hash_is_refused_and_named(server: RangeServer, tmp_path: Path):
    found = hashlib.sha256(server.files["/set.zip"]).hexdigest()
    with pytest.raises(InputError, match=f"its SHA-256 is {found}, not 0000.*give sha256={found}"):
        fetched(server, tmp_path / "set", "0" * 64)
    assert left(tmp_path) == []


def test_what_is_not_there_and_what_does_not_answer(server: RangeServer, tmp_path: Path):
    with pytest.raises(InputError, match=r"/gone.zip: the server answers 404 Not Found"):
        fetched(server, tmp_path / "set", path="/gone.zip")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/set.zip"
        with pytest.raises(InputError, match=r"cannot be reached .* check the network"):
            download(archive(address), tmp_path / "set", lambda done, total: None)
    with pytest.raises(InputError, match="begins with https://"):
        download(archive("set.zip"), tmp_path / "set", lambda done, total: None)
    assert left(tmp_path) == []


def test_a_server_that_falls_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/set.zip"
        with pytest.raises(InputError, match=r"cannot be reached .no answer within"):
            download(archive(address), tmp_path / "set", lambda done, total: None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Log in first</html>", "no whole zip archive"),
        (zipped({"readme.txt": b""}), "holds no file user"),
        (zipped({"../../user1/session_1.csv": b""}), "leads out of its folder"),
        (zipped({"user1/session_1.csv": b"", "/etc/user1/session_1.csv": b""}), "leads out"),
        (zipped({"a/user1/session_1.csv": b"", "b/user1/session_1.csv": b""}), "twice"),
        (zipped({"user1/session_1.csv": b"good" * 9}).replace(b"good", b"evil", 1), "CRC"),
    ],
)
def test_what_is_not_the_right_archive_leaves_nothing(
    server: RangeServer, tmp_path: Path, content: bytes, message: str
):
    server.files["/set.zip"] = content
    with pytest.raises(InputError, match=message) as caught:
        fetched(server, tmp_path / "in" / "set")
    assert str(caught.value).startswith(f"{server.address}/set.zip: ")
    assert left(tmp_path / "in") == []
    assert left(tmp_path) == ["in"]


def test_a_full_disk(
    server: RangeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_disk: Callable
):
    with monkeypatch.context() as full:
        full.setattr("humouse.files.shutil.disk_usage", lambda _: SimpleNamespace(free=5))
        with pytest.raises(InputError, match="bytes, and 5 are free; free some space"):
            fetched(server, tmp_path / "set")
    with small_disk(5000), pytest.raises(InputError, match=r"set\.part: cannot be written"):
        fetched(server, tmp_path / "set")
    with small_disk(5000), pytest.raises(InputError, match=r"set\.part: cannot be written"):
        fetched(server, tmp_path / "set")
    assert fetched(server, tmp_path / "set").recordings == 3  # what arrived was kept
    assert server.asked == ["", "", "bytes=5000-", "bytes=5000-"]


def test_a_disk_that_fills_up_while_unpacking(
    server: RangeServer, tmp_path: Path, small_disk: Callable
):
    with zipfile.ZipFile(squeezed := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("user1/session_1.csv", b"0" * 9000)
    server.files["/set.zip"] = squeezed.getvalue()
    with small_disk(5000), pytest.raises(InputError, match="set: cannot be written"):
        fetched(server, tmp_path / "set")
    assert left(tmp_path) == [".set.part", ".set.part.json"]
    assert fetched(server, tmp_path / "set").recordings == 1
    assert server.asked == [""]


def test_a_folder_that_holds_something_else_is_left_alone(server: RangeServer, tmp_path: Path):
    one = archive(f"{server.address}/set.zip")
    assert downloaded(one, tmp_path / "set") is None
    folder = fetched(server, tmp_path / "set").folder
    with pytest.raises(InputError, match="holds another archive"):
        downloaded(archive("http://elsewhere/set.zip"), folder)
    with pytest.raises(InputError, match="holds another archive"):
        downloaded(archive(one.address, "0" * 64), folder)
    (folder / "user1/session_2020-05-01_1min.csv").write_text("shorter")
    with pytest.raises(InputError, match=r"session_2020-05-01_1min.csv is missing or changed"):
        downloaded(one, folder)
    (folder / "download.json").write_text("{}")
    with pytest.raises(InputError, match="not as humouse data download wrote it"):
        downloaded(one, folder)
    (folder / "download.json").unlink()
    with pytest.raises(InputError, match="did not make it; choose another out_dir="):
        downloaded(one, folder)


def test_an_archive_on_this_machine(tmp_path: Path):
    (tmp_path / "my set.zip").write_bytes(zipped(_FILES))
    address = (tmp_path / "my set.zip").as_uri()
    assert download(archive(address), tmp_path / "set", lambda *_: None).recordings == 3
    with pytest.raises(InputError, match="cannot be reached"):
        download(archive(f"{address}.gone"), tmp_path / "other", lambda *_: None)
