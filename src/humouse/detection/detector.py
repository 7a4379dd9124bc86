"""A detector on disk: an ONNX file for each member of the blend, and what scores mean in each set-up."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from operator import call
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from scipy.special import expit

from humouse.cluster import Cluster
from humouse.detection.decisions import Decisions, decide
from humouse.detection.evidence import Evidence
from humouse.detection.explain import reasons_for, speaking
from humouse.detection.names import FEATURES, UNUSABLE
from humouse.detection.onnx.runtime import MOST_BYTES, OnnxDetector
from humouse.detection.registry import REGISTRY, blend
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.views import Views, look
from humouse.detection.setups.setup import SetUp
from humouse.errors import InputError, in_short
from humouse.files import (
    atomic_write,
    digest,
    has_digest,
    has_shape,
    read_bounded,
    read_json,
    set_aside_in,
    sha256,
    write_json,
)
from humouse.movement_table import StoredMovements, in_pieces
from humouse.processes import by_value, in_order
from humouse.steps import Steps, blocks_of

if TYPE_CHECKING:
    from humouse.trajectories import Trajectories

FORMAT = 4
_WITHOUT_DIGEST = 3
"""The format before, which is read as it is: nothing tells whether it was changed."""

_NUMBER = (int, float)
_SHAPE = {
    "members": [str],
    "clock": {"period_ms": _NUMBER, "pause_ms": _NUMBER, "whole_px": bool},
    "files": {str: str},
    "setups": [dict],
    "provenance": dict,
}
MANIFEST = "detector.json"
PACKAGED = Path(__file__).parents[1] / "pretrained" / "detector"
"""The detector that comes with the package."""

RATES = (0.01, 0.001)
"""False-alarm rates that decisions can be made for."""

_AGAIN = "train the detector again"
_STILL = "it goes nowhere, or has no two points within 200 ms"
_TEXT = ("verdict", "session_verdict", "reasons")
_ROWS_AT_A_TIME = 4096
# Padded; a block of them is looked at in some ten MB.
_STEPS_AT_A_TIME = 2**18


@dataclass(frozen=True, eq=False)
class Detector:
    """A detector read from its folder.

    Args:
        folder: Where it lies.
        members: Name → what ONNX Runtime runs.
        setups: The set-ups that it knows.
        clock: The one that the hand's motion is looked at by.
        provenance: Settings, command, people and versions that made it.
    """

    folder: Path
    members: Mapping[str, OnnxDetector]
    setups: tuple[SetUp, ...]
    clock: OneClock
    provenance: Mapping[str, Any]

    @classmethod
    def load(cls, folder: str | Path | None = None) -> "Detector":
        """Return the detector in a folder; without one, that of the package.

        Raises:
            InputError: There is none, a file is missing or changed, or it is of another version.
        """
        folder = PACKAGED if folder is None else Path(folder)
        manifest = _read_manifest(folder / MANIFEST)
        try:
            if not has_shape(manifest, _SHAPE):
                raise ValueError("another shape")
            members = [REGISTRY[name].name for name in manifest["members"]]
            setups = tuple(map(SetUp.from_json, manifest["setups"]))
            _try_out(members, setups)
            loaded = {
                name: _member(folder / f"{name}.onnx", manifest["files"][f"{name}.onnx"])
                for name in members
            }
            clock = _clock(manifest["clock"])
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise InputError(
                f"{folder / MANIFEST}: damaged or changed by hand; {_AGAIN}"
            ) from error
        return cls(folder, loaded, setups, clock, manifest["provenance"])

    def save(self, folder: Path, provenance: Mapping[str, Any]) -> None:
        """Write a copy into a folder that needs nothing else; one that is there already is set aside.

        Raises:
            InputError: A file cannot be written.
        """
        files = {
            f"{name}.onnx": (self.folder / f"{name}.onnx").read_bytes() for name in self.members
        }
        write_detector(folder, files, list(self.members), self.setups, self.clock, provenance)

    def score(
        self,
        movements: "Trajectories | Steps",
        *,
        false_positive_rate: float = 0.01,
        reasons: int = 0,
    ) -> pl.DataFrame:
        """Return the decision on each movement.

        Args:
            movements: B movements, as recorded.
            false_positive_rate: Share of people's movements that may be called bots: one of `RATES`.
            reasons: How many reasons explain each decision; 0 for none.

        Returns:
            B rows. Where the movement stands: movement (what it is called in the table that it was read
            from, else its number), user, session, start (time of its first point, as the table has it) and
            row (of its first point, from 0). The decision: verdict ("human", "bot", "unfamiliar", or
            "unusable"), probability and log_odds of a bot, p_value (share of people with higher scores),
            the score of each member, and reasons that speak for the verdict. Where sources are named, by
            session or else by user: session_movement (its number in the source), session_verdict and
            session_score after it. A movement that goes nowhere is unusable; its reasons say so.

        Raises:
            InputError: There is no such rate, or `reasons` is below 0.
        """
        judgement = self.judge(
            [movements.as_steps().stored()],
            false_positive_rate=false_positive_rate,
            reasons=reasons,
        )
        return judgement.table(np.arange(len(movements)))

    def judge(
        self,
        parts: Iterable[StoredMovements],
        *,
        false_positive_rate: float = 0.01,
        reasons: int = 0,
        workers: int = 1,
        cluster: Cluster | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> "Judgement":
        """Return the decisions on movements that come in parts, of which few are held at a time.

        Args:
            parts: The movements. Whatever their sizes, and whatever `workers`, the decisions are the same.
            false_positive_rate: As `score`.
            reasons: As `score`.
            workers: How many threads look at movements.
            cluster: What looks at them instead.
            progress: Called with how many movements were looked at since it was called last.

        Raises:
            InputError: As `score`; `workers` is below 1; the cluster is lost.
        """
        check_rate(false_positive_rate)
        if reasons < 0:
            raise InputError(f"reasons={reasons}: must be at least 0")
        if workers < 1:
            raise InputError(f"workers={workers}: must be at least 1")
        places: list[pl.DataFrame] = []
        looked: list[Evidence] = []
        named, first = False, 0
        look_at, pieces = partial(self._evidence, most=reasons), in_pieces(parts, _ROWS_AT_A_TIME)
        if cluster is None:
            looked_at = _each(look_at, pieces, workers)
        else:
            looked_at = cluster.stream_jobs(call, pieces, by_value(look_at))
        for piece, evidence in looked_at:
            places.append(_places(piece, first))
            looked.append(evidence)
            named |= _named(piece)
            first += evidence.movements
            if progress is not None:
                progress(evidence.movements)
        whole, where = Evidence.joined(looked), pl.concat(places)
        looked.clear()
        sources = _sources(where, whole.number) if named else None
        return Judgement(self._verdicts(whole, sources, false_positive_rate, reasons), where)

    def answers(
        self, movements: Steps, *, false_positive_rate: float, reasons: int
    ) -> list[dict[str, Any]]:
        """Return the decision on each of a few movements, as rows of `score` that say no place.

        A table of one row takes as long to make as its features; so none is made.

        Args:
            movements: B movements, as recorded; users name their sources, "" none.
            false_positive_rate: As `score`.
            reasons: As `score`.

        Raises:
            InputError: There are no thresholds for the rate.
        """
        check_rate(false_positive_rate)
        evidence = self._evidence(movements.stored(), most=reasons)
        sources = None if movements.user is None else _sources_named(movements.user, evidence)
        verdicts = self._verdicts(evidence, sources, false_positive_rate, reasons)
        columns = verdicts.columns(np.arange(len(evidence.number)))
        names = list(columns)
        values = [one if isinstance(one, list) else one.tolist() for one in columns.values()]
        said = dict(zip(evidence.number.tolist(), zip(*values, strict=True), strict=True))
        still = dict.fromkeys(names) | {"verdict": UNUSABLE, "reasons": _STILL}
        return [
            dict(zip(names, said[number], strict=True)) if number in said else still
            for number in range(len(movements))
        ]

    def _verdicts(
        self,
        evidence: Evidence,
        sources: Sequence[np.ndarray] | None,
        false_positive_rate: float,
        reasons: int,
    ) -> "Verdicts":
        score = blend(list(self.members), evidence.logits)
        grouped = [np.arange(len(score))] if sources is None else sources
        made = decide(self.setups, score, evidence.traits.values, grouped, false_positive_rate)
        return Verdicts(self, evidence, made, sources, reasons)

    def member_scores(self, views: Views) -> Float[np.ndarray, "B M"]:
        """Return [B, M] the logit of each member of the blend."""
        scores = [REGISTRY[name].score(one, views) for name, one in self.members.items()]
        return np.array(scores).T.copy()

    def scored(
        self, movements: "Trajectories | Steps"
    ) -> tuple[Float[np.ndarray, "b"], Float[np.ndarray, "b F"], Int[np.ndarray, "b"]]:
        """Return of the movements that move: the blend's scores, traits of their set-up, their numbers."""
        pieces = in_pieces([movements.as_steps().stored()], _ROWS_AT_A_TIME)
        found = Evidence.joined([self._evidence(piece, most=0) for piece in pieces])
        score = blend(list(self.members), found.logits)
        return score, found.traits.values.astype(np.float64), found.number

    @property
    def explaining(self) -> OnnxDetector | None:
        """The member that looks at features, if there is one."""
        members = self.members.items()
        return next((one for name, one in members if REGISTRY[name].view == FEATURES), None)

    def _evidence(self, piece: StoredMovements, most: int) -> Evidence:
        """Return what verdicts and at most so many reasons are made from.

        Movements of similar length are looked at together, so that little is padded.
        """
        parts = []
        order = np.argsort(piece.lengths, kind="stable")
        # Of no movements at all, one empty block.
        for rows in blocks_of(piece.lengths[order], _STEPS_AT_A_TIME) if len(order) else [slice(0)]:
            numbers = order[rows]
            block = piece.rows(numbers)
            steps = Steps.padded(block.steps, block.lengths, block.start)
            views, moving = look(steps, self.clock)
            found = speaking(self.explaining if most else None, views.features, most)
            parts.append(
                Evidence(0, numbers[moving], self.member_scores(views), views.setup, found)
            )
        return Evidence.joined(parts).in_order()._replace(movements=len(order))


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What is said of the b of B movements that move.

    Args:
        detector: Who says it.
        evidence: What the decisions were made from.
        decisions: On those that move.
        sources: Which of these are of each source, in order; None where no sources are named.
        reasons: How many reasons explain each decision.
    """

    detector: Detector
    evidence: Evidence
    decisions: Decisions
    sources: Sequence[np.ndarray] | None
    reasons: int

    def columns(self, rows: Int[np.ndarray, "k"]) -> dict[str, list[Any] | np.ndarray]:
        """Return the decisions on some of the movements that move, a column each."""
        made, logits = self.decisions, self.evidence.logits[rows]
        verdict, log_odds = made.verdict[rows], made.log_odds[rows]
        columns: dict[str, list[Any] | np.ndarray] = {
            "verdict": verdict,
            "probability": expit(log_odds),
            "log_odds": log_odds,
            "p_value": made.p_value[rows],
            **{
                f"{name}_score": one
                for name, one in zip(self.detector.members, logits.T, strict=True)
            },
        }
        if self.sources is not None:
            columns |= {
                "session_movement": self._number_in_source[rows],
                "session_verdict": made.session_verdict[rows],
                "session_score": made.session_score[rows],
            }
        return columns | {"reasons": self._reasons(rows, verdict)}

    def _reasons(self, rows: Int[np.ndarray, "k"], verdict: np.ndarray) -> list[str]:
        if not self.reasons:
            return [""] * len(rows)
        detector, found = self.detector, self.evidence
        return reasons_for(
            detector.explaining,
            detector.setups,
            found.speaking.rows(rows),
            found.traits.rows(rows),
            verdict,
            self.reasons,
        )

    @cached_property
    def _number_in_source(self) -> Int[np.ndarray, "b"]:
        number = np.zeros(len(self.evidence.number), np.int64)
        for rows in self.sources or ():
            number[rows] = np.arange(1, len(rows) + 1)
        return number


@dataclass(frozen=True, eq=False)
class Judgement:
    """The decisions on B movements, of which tables are made.

    Args:
        verdicts: On those that move.
        places: Where the movements stand.
    """

    verdicts: Verdicts
    places: pl.DataFrame

    def table(self, numbers: Int[np.ndarray, "k"]) -> pl.DataFrame:
        """Return the decisions on the movements of those numbers, in that order; see `Detector.score`."""
        places = self.places[numbers].with_columns(pl.col("user", "session").cast(pl.String))
        moving = self._moving[numbers]
        (moves,) = (moving >= 0).nonzero()
        made = pl.DataFrame(
            self.verdicts.columns(moving[moves]), schema_overrides=dict.fromkeys(_TEXT, pl.String)
        )
        if len(moves) < len(numbers):
            gathered = np.full(len(numbers), -1)
            gathered[moves] = np.arange(len(moves))
            made = made.select(pl.all().gather(pl.Series(gathered).replace(-1, None))).with_columns(
                pl.col("verdict").fill_null(UNUSABLE), pl.col("reasons").fill_null(_STILL)
            )
        return places.hstack(made)

    @cached_property
    def _moving(self) -> Int[np.ndarray, "B"]:
        """The place of each movement among those that move; −1 of one that does not."""
        evidence = self.verdicts.evidence
        place = np.full(evidence.movements, -1)
        place[evidence.number] = np.arange(len(evidence.number))
        return place


def _each(
    look_at: Callable[[StoredMovements], Evidence], pieces: Iterable[StoredMovements], workers: int
) -> Iterator[tuple[StoredMovements, Evidence]]:
    """Yield each piece with its evidence, in order, of which few are held."""
    if workers == 1:
        yield from ((piece, look_at(piece)) for piece in pieces)
        return
    # Threads suffice: most of the time is spent in numpy and ONNX Runtime, which hold no lock meanwhile.
    with ThreadPoolExecutor(workers) as pool:

        def begin(piece: StoredMovements) -> Future[Evidence]:
            return pool.submit(look_at, piece)

        yield from in_order(begin, pieces, waiting=workers)


def write_detector(
    folder: Path,
    files: Mapping[str, bytes],
    members: Sequence[str],
    setups: Sequence[SetUp],
    clock: OneClock,
    provenance: Mapping[str, Any],
) -> None:
    """Write a detector into a folder that needs nothing else; one that is there already is set aside.

    Args:
        folder: Where to.
        files: Name of each member's file → its content.
        members: Names of the members.
        setups: What the scores mean, where.
        clock: The one that members look at movements by.
        provenance: Settings, command, people, versions.

    Raises:
        InputError: A file cannot be written.
    """
    set_aside_in(folder, [MANIFEST, *(f"{name}.onnx" for name in REGISTRY)])
    for name, content in files.items():
        with atomic_write(folder / name) as temporary:
            temporary.write_bytes(content)
    manifest = {
        "format": FORMAT,
        "members": list(members),
        "clock": asdict(clock),
        "files": {name: sha256(folder / name) for name in files},
        "setups": [one.to_json() for one in setups],
        "provenance": dict(provenance),
    }
    write_json(folder / MANIFEST, {"sha256": digest(manifest), **manifest})


def check_rate(rate: float) -> None:
    """Raise InputError if decisions cannot be made for that false-alarm rate."""
    if rate not in RATES:
        known = " or ".join(f"{one:g}" for one in RATES)
        raise InputError(f"false_positive_rate={rate:g}: choose {known}")


def _named(movements: StoredMovements) -> bool:
    """Return whether movements say whose they are, or of which session."""
    places = movements.places
    return movements.user is not None or (places is not None and places.session is not None)


def _sources(places: pl.DataFrame, rows: Int[np.ndarray, "b"]) -> list[np.ndarray]:
    """Return which of the movements `rows` are of each source, in order: user, and session."""
    if len(rows) == 1:  # grouping it would take longer than its features
        return [np.arange(1)]
    names = ["user", "session"]
    # Strangers to one another: a source of its own for each movement that names neither.
    own = pl.when(pl.all_horizontal(pl.col(names).is_null())).then("place")
    grouped = (
        places[rows]
        .select(names)
        .with_row_index("place")
        .group_by(*names, own.alias("own"), maintain_order=True)
        .agg("place")["place"]
    )
    ends = grouped.list.len().cum_sum().to_numpy()[:-1]
    return np.split(grouped.explode().to_numpy().astype(np.int64), ends)


def _sources_named(names: np.ndarray, evidence: Evidence) -> list[np.ndarray]:
    """Return which of the movements that move are of each source; one without a name is its own."""
    rows: dict[str | int, list[int]] = {}
    for row, number in enumerate(evidence.number.tolist()):
        rows.setdefault(str(names[number]) or number, []).append(row)
    return [np.array(one) for one in rows.values()]


def _places(movements: StoredMovements, first: int) -> pl.DataFrame:
    """Return where each of B movements stands: in the table that it was read from, or in the batch.

    Args:
        movements: B movements.
        first: Number of the first of them.
    """
    B, places = len(movements.lengths), movements.places
    session = None if places is None else places.session
    number = np.arange(first, first + B)
    start = np.full(B, np.nan) if places is None else places.t
    return pl.DataFrame(
        {
            "movement": pl.Series(
                (number if places is None else places.movement).astype(str), dtype=pl.String
            ),
            "user": _names(movements.user, B),
            "session": _names(session, B),
            "start": pl.Series(start, dtype=pl.Float64, nan_to_null=True),
            "row": pl.Series(number if places is None else places.row, dtype=pl.Int64),
        }
    )


def _names(given: np.ndarray | None, n: int) -> pl.Series:
    """Return n names, each held once however often it comes; null where there is none, or an empty one."""
    names = [None] * n if given is None else given.tolist()
    whole = [None if one in (None, "") else str(one) for one in names]
    return pl.Series(whole, dtype=pl.Categorical)


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"{path.parent}: no detector (no {MANIFEST}); humouse detect train writes one"
        )
    manifest = read_json(path)
    if manifest.get("format") not in (FORMAT, _WITHOUT_DIGEST):
        found = in_short([str(manifest.get("format"))])
        raise InputError(
            f"{path}: a detector of an earlier format ({found}, not {FORMAT}), which "
            f"looked at the device as well; {_AGAIN}"
        )
    said = manifest.pop("sha256", None)
    if (said or manifest["format"] == FORMAT) and not has_digest(manifest, said):
        raise InputError(f"{path}: damaged or changed by hand; {_AGAIN}")
    return manifest


def _try_out(members: Sequence[str], setups: Sequence[SetUp]) -> None:
    """Decide on one movement: what is wrong with the manifest shows here, not at the first score."""
    if not members or len(set(members)) < len(members):
        raise ValueError("no members, or one twice")
    score = blend(members, np.zeros((1, len(members))))
    traits = np.zeros((1, len(setups[0].distances[0].columns)))
    for rate in RATES:
        decide(setups, score, traits, [np.arange(1)], rate)


def _member(path: Path, expected: str) -> OnnxDetector:
    """Return the member in a file, which must have that SHA-256."""
    if not path.is_file():
        raise InputError(f"{path}: missing; {_AGAIN}")
    content = read_bounded(path, MOST_BYTES)
    if hashlib.sha256(content).hexdigest() != expected:
        raise InputError(f"{path}: not the file that the detector was saved with; {_AGAIN}")
    member = OnnxDetector(content, path)
    if member.name != path.stem:
        raise InputError(f"{path}: holds {in_short([member.name])} instead; {_AGAIN}")
    return member


def _clock(content: Mapping[str, Any]) -> OneClock:
    try:
        return OneClock(**content)
    except InputError as error:
        raise ValueError(str(error)) from error
