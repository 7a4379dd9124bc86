"""People's own gestures again: the ceiling of realism, and the alarm for copying."""

from jaxtyping import Float, Int
from torch import Tensor

from humouse.bots.bot import Bot, check_request, recorded_order
from humouse.errors import InputError
from humouse.trajectories import Trajectories


class Replay(Bot):
    """Replays recorded gestures exactly, users included.

    None comes twice before all had a turn. What it makes can be told from other people's gestures
    only as people can be told from each other, and a test for copying must flag it.

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

    def followed(self, n: int, *, seed: int) -> Int[Tensor, "n"]:
        """Return [n] the numbers of the recordings that are replayed; see `Bot.followed`."""
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
        rows = self.followed(n, seed=seed)
        lengths = people.lengths[rows]
        return Trajectories(
            people.deltas[rows, : int(lengths.max())],
            lengths,
            people.start[rows],
            None if people.user is None else people.user[rows.numpy()],
            self.name,
        )
