"""Jobs on a Ray cluster: as in processes, bit for bit, whatever is lost on the way."""

import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from operator import call
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psutil
import pytest

from examples.benchmark import SMALL
from humouse import cluster as of_ray
from humouse.bots import Wind
from humouse.cluster import Cluster
from humouse.commands import detect_benchmark
from humouse.commands.kept_parts import KeptParts
from humouse.data.prepared import load_split
from humouse.errors import InputError
from humouse.settings import BenchmarkSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import TrainedModel

# Ray leaves its log files to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of a cluster of two machines of one core each: both are this one, but Ray does not know."""
    pytest.importorskip("ray", exc_type=ImportError)
    os.environ.update(of_ray._ENVIRONMENT)
    from ray.cluster_utils import Cluster as Machines

    machines = Machines(True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    machines.add_node(num_cpus=1)
    yield machines.address
    machines.shutdown()
    gc.collect()


class ByValue:
    """A function of a test, which no worker could import."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[bytes]]:
        from ray import cloudpickle

        return cloudpickle.loads, (cloudpickle.dumps(self.function),)


@pytest.mark.slow
def test_results_stream_in_the_order_of_the_jobs_and_an_error_comes_out(address: str):
    taken = []

    def jobs() -> Iterator[int]:
        for number in range(1, 40):
            taken.append(number)
            yield number

    handler = signal.getsignal(signal.SIGTERM)
    with closing(Cluster(address).stream_jobs(divmod, jobs(), partial(int, 39))) as results:
        assert next(results) == (1, (39, 0))
        assert len(taken) < 12
        assert list(results) == [(number, divmod(39, number)) for number in range(2, 40)]
    with pytest.raises(ZeroDivisionError):
        list(Cluster(address).stream_jobs(divmod, [1, 0], partial(int, 39)))
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.slow
def test_a_killed_worker_costs_its_job_alone(address: str, tmp_path: Path):
    """It is killed in the middle of the fourth job, the first time that this is done."""

    def do(folder: str, job: int) -> int:
        done = Path(folder) / str(job)
        with done.open("a") as file:
            file.write("done\n")
        if job == 3 and len(done.read_text().splitlines()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return job**2

    prepare = partial(partial, ByValue(do), str(tmp_path))
    results = list(Cluster(address).stream_jobs(call, range(12), prepare))
    assert results == [(job, job**2) for job in range(12)]
    times = [len((tmp_path / str(job)).read_text().splitlines()) for job in range(12)]
    assert times == [2 if job == 3 else 1 for job in range(12)]


@pytest.mark.slow
def test_a_job_that_kills_every_worker_ends_in_a_line(address: str):
    with pytest.raises(InputError, match=r"engine=ray: workers ended before one job did, 4 times"):
        list(Cluster(address).stream_jobs(os.kill, [signal.SIGKILL], os.getpid))


@pytest.mark.slow
def test_workers_with_other_versions_are_refused(address: str, monkeypatch: pytest.MonkeyPatch):
    real = of_ray.versions()
    monkeypatch.setattr(of_ray, "versions", lambda: {**real, "numpy": "1.0"})
    said = rf"{socket.gethostname()} has numpy {np.__version__} for 1.0; install the same"
    with pytest.raises(InputError, match=said):
        list(Cluster(address).stream_jobs(divmod, [1], partial(int, 39)))


@pytest.mark.slow
def test_a_machine_without_humouse_is_one_line(address: str, monkeypatch: pytest.MonkeyPatch):
    """What it is to do is a function of a module that is here alone."""
    module = ModuleType("here_alone")
    exec("def work(order, job): raise AssertionError", vars(module))
    monkeypatch.setitem(sys.modules, "here_alone", module)
    monkeypatch.setattr(of_ray, "_work", module.work)
    with pytest.raises(InputError, match="a machine of the cluster has no humouse; install"):
        list(Cluster(address).stream_jobs(divmod, [1], partial(int, 39)))


@pytest.mark.slow
def test_samples_are_those_of_processes_though_a_worker_is_killed(
    address: str,
    tiny_checkpoint: Path,
    humouse: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setattr(TrainedModel, "part_size", 8)
    monkeypatch.setattr("humouse.commands.sample.without", lambda *extra: True)
    words = (
        f"ckpt={tiny_checkpoint}",
        "n=150",
        "steps=1",
        "device=cpu",
        "save_deltas=true",
        "shard=70",
    )
    assert humouse("sample", *words, f"out_dir={tmp_path / 'here'}")[0] == 0
    keep, killed = KeptParts.keep, []

    def spied(self: KeptParts, number: int, part: dict[str, np.ndarray]) -> None:
        if number == 5:
            killed.append(_a_worker())
            killed[0].kill()
        keep(self, number, part)

    monkeypatch.setattr(KeptParts, "keep", spied)
    on_ray = ("engine=ray", f"ray_address={address}")
    status, _, err = humouse("sample", *words, *on_ray, f"out_dir={tmp_path / 'ray'}")
    assert status == 0, err
    assert killed
    names = ["samples/00000.parquet", "samples/00001.parquet", "samples/00002.parquet", "deltas.pt"]
    for name in names:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def _a_worker() -> psutil.Process:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.cmdline()[0].startswith("ray::_work"):
                return process
    raise AssertionError("no worker")


@pytest.mark.slow
def test_decisions_are_those_of_threads(
    address: str,
    many_gestures: Path,
    humouse: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setattr("humouse.detection.detector._ROWS_AT_A_TIME", 100)
    words = (f"movements={many_gestures / 'train.parquet'}", "reasons=2")
    assert humouse("detect", "score", *words, f"out={tmp_path / 'here.parquet'}")[0] == 0
    on_ray = ("engine=ray", f"ray_address={address}", f"out={tmp_path / 'ray.parquet'}")
    status, _, err = humouse("detect", "score", *words, *on_ray)
    assert status == 0, err
    assert (tmp_path / "ray.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()


def test_features_are_those_of_processes(
    address: str,
    tiny_data: Path,
    humouse: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    """All that the quick tests do on Ray: every worker takes seconds to begin."""
    monkeypatch.setattr("humouse.commands.features._PART", 50)
    words = (f"movements={tiny_data / 'train.parquet'}", "groups=[kinematics,timing]")
    assert humouse("features", *words, f"out={tmp_path / 'here.parquet'}")[0] == 0
    on_ray = ("engine=ray", f"ray_address={address}", f"out={tmp_path / 'ray.parquet'}")
    status, _, err = humouse("features", *words, *on_ray)
    assert status == 0, err
    assert (tmp_path / "ray.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()


@pytest.mark.slow
def test_negatives_are_those_of_processes(
    address: str,
    tiny_checkpoint: Path,
    tiny_data: Path,
    humouse: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    """Bots, a model and a file are sent to workers, who stand in another folder and could read none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("humouse.commands.detect_negatives._PART", 8)
    shutil.copytree(tiny_data, "data")
    shutil.copy(tiny_checkpoint, "model.pt")
    words = (
        "people=data/val",
        "diffusion_ckpt=[model.pt]",
        "files={theirs:data/val.parquet}",
        "mixture={pid:1,composed:1,diffusion:1,theirs:1}",
        "n=80",
        "device=cpu",
    )

    def made(name: str, *more: str) -> dict[str, bytes]:
        status, _, err = humouse("detect", "negatives", *words, f"out_dir={name}", *more)
        assert status == 0, err
        return {path.name: path.read_bytes() for path in Path(name).glob("*.parquet")}

    alone = made("alone", "workers=1")
    assert len(alone) == 4
    assert made("two", "workers=2") == alone
    assert made("ray", "engine=ray", f"ray_address={address}") == alone


@pytest.mark.slow
def test_a_benchmarks_numbers_are_those_of_processes(
    address: str,
    many_gestures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """Workers stand in another folder, and could read nothing of the run's."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(many_gestures, "data")
    Wind(load_split("data/val")).sample(40, seed=3).save("breeze.parquet")
    words = ("dir=data", "files={breeze:breeze.parquet}", *SMALL[:-1])

    def made(name: str, *more: str) -> dict[str, bytes]:
        detect_benchmark.run(
            settings_from("detect/benchmark", BenchmarkSettings, [*words, f"out_dir={name}", *more])
        )
        result = json.loads(Path(name, "benchmark.json").read_text())
        files = {
            str(path.relative_to(name)): path.read_bytes()
            for kind in ("material/**/*.parquet", "scores/**/*.parquet", "scores/**/*.json")
            for path in Path(name).glob(kind)
        }
        return {**files, "examples": json.dumps(result["groups"]).encode()}

    alone = made("alone", "workers=1")
    assert len(alone) > 30
    assert made("two", "workers=2") == alone
    assert made("ray", "engine=ray", f"ray_address={address}", "workers=null") == alone
    again = made("ray", "engine=ray", f"ray_address={address}", "resume=true")
    assert again == alone


@pytest.mark.slow
def test_ctrl_c_leaves_promptly_and_leaves_nothing(tmp_path: Path):
    """Ray is started for the run; whatever it says itself is not shown."""
    pytest.importorskip("ray", exc_type=ImportError)
    words = (
        "sample",
        "n=100000",
        "device=cpu",
        "engine=ray",
        "workers=1",
        f"out_dir={tmp_path / 'gen'}",
    )
    home = str(Path(of_ray.__file__).parents[1])
    run = subprocess.Popen(
        [sys.executable, "-m", "humouse", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": home},
        start_new_session=True,
    )
    try:
        process = psutil.Process(run.pid)
        while not any(
            "ray::_work" in " ".join(one.cmdline()) for one in process.children(recursive=True)
        ):
            assert run.poll() is None
            time.sleep(0.2)
        family = process.children(recursive=True)
        time.sleep(1)
        began = time.monotonic()
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        _, err = run.communicate(timeout=60)
    finally:
        run.kill()
    assert time.monotonic() - began < 30
    assert run.returncode == 130
    assert err.strip().splitlines()[-1] == "humouse: interrupted"
    assert "ray" not in err
    assert "Traceback" not in err
    assert not psutil.wait_procs(family, timeout=10)[1]
    assert not list(Path("/tmp").glob(f"ray-*/session_*_{run.pid}"))


CANNOT_BE = (
    (("engine=ray", "ray_address=nowhere"), "ray_address=nowhere: give auto, or HOST:PORT"),
    (("engine=ray", "ray_address=ray://a:1"), "ray_address=ray://a:1: give auto, or HOST:PORT"),
    (
        ("engine=ray", "ray_address=localhost:1"),
        "ray_address=localhost:1: no Ray cluster is reached",
    ),
    (
        ("engine=ray", "ray_address=auto", "workers=2"),
        "workers=2: a cluster has as many as it has",
    ),
    (("engine=ray", "workers=0"), "workers=0: must be at least 1"),
    (("ray_address=auto",), "ray_address=auto: is for engine=ray; give both"),
)


@pytest.mark.parametrize(
    ("verb", "words", "said"),
    [
        *(("features movements=a.csv", *one) for one in CANNOT_BE),
        ("sample n=1", *CANNOT_BE[0]),
        ("sample n=1 device=cpu", *CANNOT_BE[4]),
        ("detect score movements=a.csv", *CANNOT_BE[0]),
        ("detect negatives", *CANNOT_BE[0]),
        ("detect benchmark", *CANNOT_BE[0]),
        ("detect benchmark", *CANNOT_BE[4]),
    ],
)
def test_what_cannot_be_is_one_line(
    verb: str,
    words: tuple[str, ...],
    said: str,
    humouse: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    pytest.importorskip("ray", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    status, _, err = humouse(*verb.split(), *words)
    assert status == 2
    (line,) = err.splitlines()
    assert line.startswith(f"humouse: {said}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_each_worker_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch):
    """Ray takes a machine's word for how many it has: what runs on them is not tried here."""
    pytest.importorskip("ray", exc_type=ImportError)
    os.environ.update(of_ray._ENVIRONMENT)
    from ray.cluster_utils import Cluster as Machines

    def do(prepared: int, job: int) -> tuple[int, str]:
        time.sleep(0.2)
        return os.getpid(), os.environ["CUDA_VISIBLE_DEVICES"]

    two = {"num_cpus": 4, "num_gpus": 2, "include_dashboard": False}
    machine = Machines(True, head_node_args=two)
    try:
        cluster = Cluster(machine.address, gpu=True)
        results = list(cluster.stream_jobs(call, range(8), partial(partial, ByValue(do), 0)))
    finally:
        machine.shutdown()
        gc.collect()
    seen = {result for _, result in results}
    assert len(seen) == 2  # a process does one job after another
    assert {gpu for _, gpu in seen} == {"0", "1"}


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["sample n=8", "detect negatives diffusion_ckpt=[{}]"])
def test_gpus_where_there_are_none_are_one_line(
    verb: str,
    address: str,
    tiny_checkpoint: Path,
    humouse: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)
    words = (f"ckpt={tiny_checkpoint}",) if verb.startswith("sample") else ()
    on_ray = ("engine=ray", f"ray_address={address}", "device=cuda", "out_dir=out")
    status, _, err = humouse(*verb.format(tiny_checkpoint).split(), *words, *on_ray)
    assert status == 2
    said = {
        "sample n=8": "engine=ray device=cuda: no machine of the cluster has a GPU; add device=cpu",
    }.get(verb, "engine=ray: makes negatives on processors; add device=cpu")
    assert err.strip().splitlines()[-1] == f"humouse: {said}"


def test_an_address_in_the_environment_is_tried_too(monkeypatch: pytest.MonkeyPatch):
    """Ray itself would try for minutes."""
    pytest.importorskip("ray", exc_type=ImportError)
    monkeypatch.setenv("RAY_ADDRESS", "localhost:1")
    with pytest.raises(InputError, match="ray_address=auto: no Ray cluster is reached"):
        Cluster.asked("ray", "auto", None)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"engine=ray needs ray: pip install 'humouse\[ray\]'"):
        Cluster.asked("ray", None, None)
