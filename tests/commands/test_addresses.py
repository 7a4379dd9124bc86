"""Commands that read and write at addresses: the same bytes as on this machine, whatever breaks off.

The server speaks S3 and runs in this process.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import humouse as package
from humouse import addresses
from humouse.commands import detect_negatives, features
from humouse.trained_model import TrainedModel

Run = Callable[..., tuple[int, str, str]]

# The server and its client leave sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

MARK = addresses._MARK


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where a server that speaks S3 answers."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed: pip install moto[s3]")
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install s3fs")
    serving = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    serving.start()
    host, port = serving.get_host_and_port()
    yield f"http://{host}:{port}"
    serving.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The server's files, as the commands see them: one bucket, `bucket`, that is empty."""
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "two")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv(addresses.CACHE, str(tmp_path / "cache"))
    monkeypatch.setattr("humouse.commands.sample.without", lambda *extra: True)
    monkeypatch.setattr(TrainedModel, "part_size", 8)
    monkeypatch.setattr(features, "_PART", 50)
    monkeypatch.setattr(detect_negatives, "_PART", 8)
    files = s3fs.S3FileSystem()
    if files.exists("bucket"):
        files.rm("bucket", recursive=True)
    files.mkdir("bucket")
    return files


def found(files: Any, root: str) -> dict[str, bytes]:
    """Return the files below a root by their names."""
    files.invalidate_cache()
    return {
        name.removeprefix(f"{root}/"): files.cat_file(name) for name in sorted(files.find(root))
    }


def of_folder(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def without_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "manifest.json"}


def left(tmp_path: Path) -> list[str]:
    """Return the files of runs that are kept on this machine."""
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


@pytest.fixture
def sample_words(tiny_checkpoint: Path) -> tuple[str, ...]:
    return (
        "sample",
        f"ckpt={tiny_checkpoint}",
        "n=50",
        "steps=1",
        "device=cpu",
        "shard=20",
        "workers=1",
    )


def test_samples_then_features_of_them_are_those_of_paths(
    s3: Any, humouse: Run, sample_words: tuple[str, ...], tmp_path: Path
):
    assert humouse(*sample_words, f"out_dir={tmp_path / 'gen'}")[0] == 0
    status, said, err = humouse(*sample_words, "out_dir=s3://bucket/gen/")
    assert status == 0, err
    assert "s3://bucket/gen/samples, 3 files" in said
    made, here = found(s3, "bucket/gen"), of_folder(tmp_path / "gen")
    assert made.keys() == here.keys()
    assert without_manifest(made) == without_manifest(here)
    assert (
        made["manifest.json"].replace(b"s3://bucket/gen/", str(tmp_path / "gen").encode())
        == (here["manifest.json"])
    )
    assert left(tmp_path) == []

    assert humouse("features", f"movements={tmp_path}/gen/samples", f"out={tmp_path}/f.parquet")[
        0
    ] == (0)
    words = ("movements=s3://bucket/gen/samples", "out=s3://bucket/tables/f.parquet")
    status, said, err = humouse("features", *words)
    assert status == 0, err
    assert "s3://bucket/tables/f.parquet" in said
    assert found(s3, "bucket/tables") == {"f.parquet": (tmp_path / "f.parquet").read_bytes()}
    assert left(tmp_path) == []


def test_negatives_are_those_of_paths(s3: Any, humouse: Run, tiny_data: Path, tmp_path: Path):
    words = ("detect", "negatives", f"people={tiny_data}/val", "n=30", "mixture={pid:1,wind:1}")
    assert humouse(*words, f"out_dir={tmp_path / 'bots'}")[0] == 0
    status, _, err = humouse(*words, "out_dir=s3://bucket/bots")
    assert status == 0, err
    made, here = found(s3, "bucket/bots"), of_folder(tmp_path / "bots")
    assert len(made) == 3
    assert made.keys() == here.keys()
    assert without_manifest(made) == without_manifest(here)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["said.parquet", "said.csv"])
def test_decisions_are_those_of_paths(
    name: str, s3: Any, humouse: Run, tiny_data: Path, tmp_path: Path
):
    theirs = tiny_data / "val.parquet"
    s3.put_file(str(theirs), "bucket/theirs/val.parquet")
    assert humouse("detect", "score", f"movements={theirs}", f"out={tmp_path / name}")[0] == 0
    for movements in ("s3://bucket/theirs/val.parquet", "s3://bucket/theirs"):
        status, said, err = humouse(
            "detect", "score", f"movements={movements}", f"out=s3://bucket/out/{name}"
        )
        assert status == 0, err
        assert f"s3://bucket/out/{name}" in said
        assert found(s3, "bucket/out") == {name: (tmp_path / name).read_bytes()}
        s3.rm("bucket/out", recursive=True)
    assert left(tmp_path) == []


def test_a_lost_connection_leaves_nothing_that_looks_whole_and_is_gone_on_from(
    s3: Any,
    humouse: Run,
    sample_words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    """The second run, of other shards first, makes no movement and sends nothing twice."""
    assert humouse(*sample_words, f"out_dir={tmp_path / 'gen'}")[0] == 0
    put, sent, made = s3.put_file, [], []
    fails = ["samples/00001.parquet"]

    def spied(here: str, there: str, **more: Any) -> None:
        name = there.removeprefix("bucket/gen/")
        if name in fails:
            raise ConnectionError("the cable was pulled\nout")
        sent.append(name)
        put(here, there, **more)

    make = TrainedModel.make
    monkeypatch.setattr(s3, "put_file", spied)
    monkeypatch.setattr(TrainedModel, "make", lambda *asked: made.append(1) or make(*asked))
    words = (*sample_words, "out_dir=s3://bucket/gen")
    status, _, err = humouse(*words)
    assert status == 2
    assert err.splitlines(keepends=True)[-1] == (
        "humouse: s3://bucket/gen: the connection was lost (the cable was pulled); run the same command "
        "again\n"
    )
    assert found(s3, "bucket/gen").keys() == {
        MARK,
        f"samples/{MARK}",
        "samples/00000.parquet",
    }
    status, _, err = humouse("features", "movements=s3://bucket/gen/samples", "out=f.parquet")
    assert (status, len(err.splitlines())) == (2, 1)
    assert "s3://bucket/gen/samples: is not finished" in err

    made.clear()
    fails.clear()
    status, said, err = humouse(*words)
    assert status == 0, err
    assert "going on after 50 of 50 movements" in said
    assert not made
    assert sent == [f"samples/0000{k}.parquet" for k in range(3)] + ["manifest.json"]
    assert without_manifest(found(s3, "bucket/gen")) == without_manifest(
        of_folder(tmp_path / "gen")
    )
    assert left(tmp_path) == []


def test_what_was_sent_with_other_settings_goes(
    s3: Any, humouse: Run, sample_words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    put = s3.put_file

    def fail(here: str, there: str, **more: Any) -> None:
        if there.endswith(".json"):
            raise ConnectionError
        put(here, there, **more)

    with monkeypatch.context() as broken:
        broken.setattr(s3, "put_file", fail)
        assert humouse(*sample_words, "shard=10", "out_dir=s3://bucket/gen")[0] == 2
    assert humouse(*sample_words, "seed=5", "out_dir=s3://bucket/gen")[0] == 0
    names = [*(f"samples/0000{k}.parquet" for k in range(3)), "manifest.json"]
    assert sorted(found(s3, "bucket/gen")) == sorted(names)


def test_shards_are_fetched_one_at_a_time(
    s3: Any, humouse: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for k in range(4):
        s3.put_file(str(tiny_data / "val.parquet"), f"bucket/theirs/{k}.parquet")
    get, held = s3.get_file, []

    def spied(there: str, here: str, **more: Any) -> None:
        get(there, here, **more)
        held.append(len(list(Path(here).parent.iterdir())))

    monkeypatch.setattr(s3, "get_file", spied)
    status, _, err = humouse(
        "features", "movements=s3://bucket/theirs", f"out={tmp_path / 'f.parquet'}"
    )
    assert status == 0, err
    assert held == [1] * 8  # counted, and read
    assert left(tmp_path) == []
    s3.pipe_file("bucket/theirs/2.parquet", b"PAR1 no more")
    status, _, err = humouse(
        "features", "movements=s3://bucket/theirs", f"out={tmp_path / 'g.parquet'}"
    )
    assert (status, len(err.splitlines())) == (2, 1)
    assert "humouse: s3://bucket/theirs/2.parquet: not a readable file" in err


def test_an_interrupted_table_goes_on(
    s3: Any, humouse: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    words = ("features", f"movements={tiny_data / 'train.parquet'}", "groups=[timing]")
    assert humouse(*words, f"out={tmp_path / 'f.parquet'}")[0] == 0
    part, numbers = features._part, []

    def interrupted(*asked: Any) -> Any:
        numbers.append(1)
        if len(numbers) == 2:
            raise KeyboardInterrupt
        return part(*asked)

    with monkeypatch.context() as broken:
        broken.setattr(features, "_part", interrupted)
        assert humouse(*words, "out=s3://bucket/t/f.parquet")[0] == 130
    assert found(s3, "bucket/t").keys() == {f".f.parquet{MARK}"}
    status, said, _ = humouse(*words, "out=s3://bucket/t/f.parquet")
    assert status == 0
    assert "going on after 50 of" in said
    assert found(s3, "bucket/t") == {"f.parquet": (tmp_path / "f.parquet").read_bytes()}


@pytest.mark.slow
def test_a_killed_run_goes_on(s3: Any, humouse: Run, sample_words: tuple[str, ...], tmp_path: Path):
    """It is another process, whose parts are as large as users' are."""
    words = (*sample_words, "n=12000", "shard=5000")
    home = str(Path(package.__file__).parents[1])

    def begun(*more: str) -> subprocess.Popen[bytes]:
        env = {**os.environ, "PYTHONPATH": home}
        return subprocess.Popen([sys.executable, "-m", "humouse", *words, *more], env=env)

    assert begun(f"out_dir={tmp_path / 'gen'}").wait() == 0
    run = begun("out_dir=s3://bucket/gen")
    while not list((tmp_path / "cache").rglob("000000.part")):
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert found(s3, "bucket/gen").keys() == {MARK}
    assert begun("out_dir=s3://bucket/gen").wait() == 0
    made, here = found(s3, "bucket/gen"), of_folder(tmp_path / "gen")
    here.pop("samples.png", None), made.pop("samples.png", None)
    assert made.keys() == here.keys()
    assert without_manifest(made) == without_manifest(here)


def test_nothing_is_replaced(s3: Any, humouse: Run, tiny_data: Path, tmp_path: Path):
    words = ("features", f"movements={tiny_data / 'val.parquet'}", "groups=[timing]")
    s3.pipe_file("bucket/f.parquet", b"theirs")
    status, _, err = humouse(*words, "out=s3://bucket/f.parquet")
    assert status == 2
    assert err.startswith("humouse: s3://bucket/f.parquet: is there already, and files at an ")
    s3.pipe_file(f"bucket/.g.parquet{MARK}", b"another machine")
    status, _, err = humouse(*words, "out=s3://bucket/g.parquet")
    assert status == 2
    assert err.startswith("humouse: s3://bucket/g.parquet: another run is writing there")
    assert found(s3, "bucket") == {
        "f.parquet": b"theirs",
        f".g.parquet{MARK}": b"another machine",
    }
    s3.rm(f"bucket/.g.parquet{MARK}")
    assert humouse(*words, "out=s3://bucket/g.parquet")[0] == 0


def test_a_store_with_folders_gets_whole_files_too(
    humouse: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Under another name until all has arrived."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    monkeypatch.setenv(addresses.CACHE, str(tmp_path / "cache"))
    words = ("features", f"movements={tiny_data / 'val.parquet'}", "groups=[timing]")
    assert humouse(*words, f"out=file://{tmp_path / 'f.parquet'}")[0] == 0
    status, _, err = humouse(*words, "out=memory://folder/f.parquet")
    assert status == 0, err
    assert found(memory, "/folder") == {"f.parquet": (tmp_path / "f.parquet").read_bytes()}
    words = ("features", "movements=memory://folder/in.csv", "groups=[timing]")
    lines = ["movement,t,x_px,y_px", *(f"a,{8 * k},{5 * k},{k * k}" for k in range(12))]
    memory.pipe_file("/folder/in.csv", "\n".join(lines).encode())
    assert humouse(*words, f"out={tmp_path / 'g.parquet'}")[0] == 0
    memory.rm("/folder", recursive=True)


OUT = "features movements=a.csv out="


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("features movements=s3://bucket/none", "s3://bucket/none: no such file, folder or bucket"),
        (f"{OUT}s3://none/f.parquet", "s3://none: no such file, folder or bucket"),
        ("sample out_dir=s3://none/x n=3 steps=1 device=cpu", "s3://none/x: no such file, fol"),
        (f"{OUT}s4://x/f.parquet", "s4://x: no such protocol as s4://; did you mean s3?"),
        (f"{OUT}xyzzy://x/f.parquet", "xyzzy://x: no such protocol as xyzzy://; those most used"),
        (f"{OUT}gs://x/f.parquet", "gs://x: gs:// needs gcsfs ("),
        (f"{OUT}s3://f.parquet", "s3://f.parquet: name a file in a folder, as in "),
        ("eval samples=s3://b/x", "samples=s3://b/x: takes a path of this machine, so copy it h"),
        ("sample ckpt=gs://b/x", "ckpt=gs://b/x: takes a path of this machine, so copy it here;"),
        ("detect negatives files={a:s3://b/x}", "files=s3://b/x: takes a path of this machine"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: str,
    said: str,
    s3: Any,
    humouse: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    monkeypatch.chdir(tmp_path)
    status, _, err = humouse(*words.split())
    assert status == 2
    (line,) = err.splitlines()
    assert line.startswith(f"humouse: {said}")
    assert left(tmp_path) == []


def test_no_permission_and_no_server_are_one_line(
    s3: Any, humouse: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch
):
    words = (
        "features",
        f"movements={tiny_data / 'val.parquet'}",
        "groups=[timing]",
        "out=s3://bucket/f.parquet",
    )

    def refuse(*_: Any, **more: Any) -> None:
        raise PermissionError("Access Denied")

    with monkeypatch.context() as refused:
        refused.setattr(s3, "pipe_file", refuse)
        status, _, err = humouse(*words)
    assert (status, len(err.splitlines())) == (2, 1)
    assert err.startswith("humouse: s3://bucket: no permission (Access Denied); set up an acc")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    type(s3).clear_instance_cache()
    status, _, err = humouse(*words)
    type(s3).clear_instance_cache()
    assert (status, len(err.splitlines())) == (2, 1)
    assert err.startswith("humouse: s3://bucket: cannot be reached (")


def test_the_missing_extra_is_named(
    humouse: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv(addresses.CACHE, str(tmp_path))
    monkeypatch.setitem(sys.modules, "fsspec", None)
    for words in (("out=s3://b/f.parquet",), ("movements=s3://b/m.parquet",)):
        status, _, err = humouse(
            "features",
            f"movements={tiny_data / 'val.parquet'}",
            f"out={tmp_path}/x.parquet",
            *words,
        )
        assert status == 2
        (line,) = err.splitlines()
        assert line.endswith("an address needs fsspec: pip install 'humouse[remote]'")


def test_files_on_their_way_lie_where_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(addresses.CACHE, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert addresses.cache_folder() == Path.home() / ".cache" / "humouse"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert addresses.cache_folder() == Path("/x/humouse")
    monkeypatch.setenv(addresses.CACHE, "/y")
    assert addresses.cache_folder() == Path("/y")
