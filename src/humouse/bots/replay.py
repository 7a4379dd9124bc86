"""Exact replay of recorded gestures: the upper bound of realism; a test for copying must flag it."""

from jaxtyping import Float, Int
from torch import Tensor

from humouse.bots.bot import Bot, check_request, recorded_order
from humouse.errors import InputError
from humouse.trajectories import Trajectories


class Replay(Bot):
    """Replays recorded gestures exactly, users included.

    No recording is repeated before all were used. A classifier separates replays from other
    people's gestures no better than it separates people from each other.

    Args:
        people: Recorded movements.

    Raises:
        InputError: There are none.
    """

    name = "replay"
    family = "replay"

    def __init__(self, people: Trajectories) -> None:
        if not len(people):
            raise InputError(f"people ({people.origin}): no movements; give recorded gestures")
        self._people = people.to("cpu")

    def source_indices(self, n: int, *, seed: int) -> Int[Tensor, "n"]:
        """Return [n] indices of the recordings that are replayed; see `Bot.source_indices`."""
        return recorded_order(len(self._people), n, seed, Replay.name)

    def sample(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        seed: int,
    ) -> Trajectories:
        """Return n recorded movements; see `Bot.sample`. A recording obeys no condition.

        Raises:
            InputError: n or the seed is out of range, or a length or a condition is given.
        """
        check_request(n, seq_len, cond, seed)
        for name, value in (("seq_len", seq_len), ("cond", cond)):
            if value is not None:
                raise InputError(f"{name}: {self.name} keeps to its recordings; leave it out")
        people = self._people
        rows = self.source_indices(n, seed=seed)
        lengths = people.lengths[rows]
        return Trajectories(
            people.deltas[rows, : int(lengths.max())],
            lengths,
            people.start[rows],
            None if people.user is None else people.user[rows.numpy()],
            self.name,
        )
