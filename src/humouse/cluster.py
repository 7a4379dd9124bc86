"""Jobs done by a Ray cluster, in their order: of many machines, or of this one alone.

Ray places the jobs, moves them, and does those again whose worker or machine was lost. Nothing here decides
about any of it.
"""

import os
import pickle
import signal
import socket
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar

from humouse.errors import InputError
from humouse.extras import require
from humouse.files import versions
from humouse.processes import results_of, sigterm_interrupts, stream_jobs

Job = TypeVar("Job")
Result = TypeVar("Result")

RAY = "ray"
"""The engine's name."""

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # whose other value warns of a change to come
    "RAY_worker_niceness": "0",  # 15 else: workers would stand still beside whatever else runs
    "RAY_task_oom_retries": "3",  # for ever, else: a job that never fits would never end
}
_RETRIES = 3
"""How often a job is done again whose worker was lost: more than chance takes from one job."""
_STORE_BYTES = 2**28
"""Memory for jobs and results on their way, where Ray is started here; more goes to the disk."""
_ANSWER_S = 5.0


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster; see `asked`.

    Args:
        address: Where it is; None starts one on this machine for the time of the jobs.
        workers: How many processes, where it is started here; None for one per core.
        gpu: Whether each worker has a GPU of its own, besides a core.
    """

    address: str | None = None
    workers: int | None = None
    gpu: bool = False

    @classmethod
    def asked(
        cls, engine: str, address: str | None, workers: int | None, *, device: str = "cpu"
    ) -> "Cluster | None":
        """Return the cluster that settings ask for; None where the engine is another.

        Args:
            engine: As set.
            address: As set.
            workers: As set.
            device: What kind of device models run on: "cpu", or "cuda" for a GPU for each worker.

        Raises:
            InputError: Ray is not installed, the cluster is not there, or the settings do not go together.
        """
        if engine != RAY:
            if address is not None:
                raise InputError(f"ray_address={address}: is for engine={RAY}; give both")
            return None
        require(f"engine={RAY}", RAY)
        if address is not None:
            if workers is not None:
                raise InputError(
                    f"workers={workers}: a cluster has as many as it has cores; leave it out"
                )
            _check_address(address)
        return cls(address, workers, gpu=device == "cuda")

    def stream_jobs(
        self,
        do: Callable[[Any, Job], Result],
        jobs: Iterable[Job],
        prepare: Callable[[], Any],
        *,
        ordered: bool = True,
    ) -> Generator[tuple[Job, Result], None, None]:
        """Yield every job with its result, as `processes.stream_jobs` does.

        All goes by value, since other machines have other disks. Close it if it is left before its end.

        Args:
            do: Takes what `prepare` returned, and a job; a function of a module.
            jobs: What there is to do; taken as results are.
            prepare: Called once in each worker that has a job.
            ordered: Whether results come in the order of the jobs, or each as soon as it is there.

        Raises:
            InputError: The cluster cannot be reached, a worker has other versions, or one was lost again and
                again at the same job.
        """
        with _connected(self) as ray, _said_in_a_line(ray):
            order = ray.put(pickle.dumps((do, prepare, versions())))
            # Of a GPU, Ray would start a new process for every job: max_calls.
            work = ray.remote(
                num_cpus=1, num_gpus=int(self.gpu), max_calls=0, max_retries=_RETRIES
            )(_work)

            def begin(job: Job) -> Future[bytes]:
                # In a list: so it is fetched by a worker that needs it, and not for every job.
                return work.remote([order], pickle.dumps(job)).future()

            workers = self._places(ray.cluster_resources())
            for job, result in results_of(begin, jobs, workers=workers, ordered=ordered):
                yield job, pickle.loads(result)

    def _places(self, resources: Mapping[str, float]) -> int:
        """Return how many workers there can be.

        Raises:
            InputError: Each is to have a GPU, and there is none.
        """
        found = int(resources.get("GPU" if self.gpu else "CPU", 0))
        if self.gpu and not found:
            raise InputError(
                f"engine={RAY} device=cuda: no machine of the cluster has a GPU; add device=cpu"
            )
        return max(1, found)


def engine(
    cluster: Cluster | None, *, workers: int
) -> Callable[..., Generator[tuple[Any, Any], None, None]]:
    """Return what streams jobs: a cluster's `stream_jobs`, or that of processes where there is none.

    Args:
        cluster: The cluster that settings ask for.
        workers: How many processes, where there is none.
    """
    return partial(stream_jobs, workers=workers) if cluster is None else cluster.stream_jobs


@contextmanager
def _connected(cluster: Cluster) -> Iterator[Any]:
    """Yield Ray, connected to the cluster, without a word of its own.

    However the block ends, what was started here ends with it.
    """
    os.environ.update(_ENVIRONMENT)
    # Ray takes SIGTERM for itself, and does not give it back. The path of a socket must be short.
    with sigterm_interrupts(), tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
        from joblib import cpu_count  # here, since the service does without it

        quiet: dict[str, Any] = {"logging_level": "critical", "log_to_driver": False}
        try:
            try:
                with warnings.catch_warnings(), _stderr_aside():
                    warnings.simplefilter("ignore")
                    if cluster.address is None:
                        ray.init(
                            "local",
                            num_cpus=cluster.workers or cpu_count(),
                            num_gpus=None if cluster.gpu else 0,  # None: as many as there are
                            include_dashboard=False,
                            object_store_memory=_STORE_BYTES,
                            _temp_dir=folder,
                            **quiet,
                        )
                    else:
                        ray.init(cluster.address, **quiet)
            except Exception as error:  # of many kinds, which have no other base
                raise InputError(_unreached(cluster.address, error)) from error
            with sigterm_interrupts():
                yield ray
        finally:
            ray.shutdown()


@contextmanager
def _stderr_aside() -> Iterator[None]:
    """Let nothing reach stderr in the block: Ray's C++ code says there what the error says again."""
    before = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


@contextmanager
def _said_in_a_line(ray: Any) -> Iterator[None]:
    """Let a job's own error out as it is, and Ray's as an InputError."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        if "failed to import on the worker" in str(error.cause):
            raise InputError(
                f"engine={RAY}: a machine of the cluster has no humouse; install the same version there, in "
                "the environment that ray was started in"
            ) from error
        raise error.cause from None
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as error:
        raise InputError(
            f"engine={RAY}: workers ended before one job did, {1 + _RETRIES} times, most likely for want of "
            "memory; choose fewer workers, or machines with more"
        ) from error
    except ray.exceptions.RayError as error:
        raise InputError(f"engine={RAY}: {_first_line(error)}") from error


def _check_address(address: str) -> None:
    """Raise InputError if nothing answers at an address: Ray itself tries for minutes."""
    named = os.environ.get("RAY_ADDRESS") if address == "auto" else address
    if named is None:  # Ray finds its own on this machine, or says at once that there is none
        return
    host, _, port = named.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise InputError(
            f"ray_address={address}: give auto, or HOST:PORT as ray start prints it, on a machine of the "
            "cluster"
        )
    try:
        socket.create_connection((host, int(port)), _ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(_unreached(address, error)) from error


def _unreached(address: str | None, error: Exception) -> str:
    if address is None:
        return f"engine={RAY}: Ray does not start here ({_first_line(error)})"
    return (
        f"ray_address={address}: no Ray cluster is reached from here ({_first_line(error)}); is ray started "
        "there and on this machine, and RAY_AUTH_MODE=token set if it asks for a token?"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")


def _work(order: list[Any], job: bytes) -> bytes:
    """Do a pickled job in a worker, and return the result pickled."""
    do, prepared = _ordered(order[0])
    return pickle.dumps(do(prepared(), pickle.loads(job)))


@cache
def _ordered(order: Any) -> tuple[Callable[[Any, Any], Any], Callable[[], Any]]:
    """Return in a worker what to do, and what returns what was prepared: once for all its jobs."""
    import ray
    import torch

    # Being interrupted is the first process's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    do, prepare, theirs = pickle.loads(ray.get(order))
    ours = versions()
    others = [
        f"{name} {ours[name]} for {theirs[name]}"
        for name in ours
        if theirs.get(name, ours[name]) != ours[name]
    ]
    if others:
        raise InputError(
            f"engine={RAY}: the machine {socket.gethostname()} has {', '.join(others)}; install the same "
            "versions on all, since results depend on them"
        )
    return do, cache(prepare)
