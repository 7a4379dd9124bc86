"""A PID controller steers a point mass to the goal."""

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from humouse.bots.interpolation import interpolate
from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.speed import bell
from humouse.bots.target import Target
from humouse.errors import InputError
from humouse.trajectories import Trajectories

CYCLES = 128
"""Control cycles of a movement."""

TARGETS = ("goal", "moving")
MOST_DELAY = 0.05
"""The longest delay, as a share of the duration; beyond it the loop oscillates ever more."""

# Natural frequency, damping ratio and integral gain; the unit of time is the movement's duration.
_FREQUENCY, _DAMPING, _INTEGRAL = (6.5, 10.0), (0.7, 1.0), (0.0, 0.5)
# A moving target arrives after this share of the duration.
_TARGET_UNTIL = 0.7


@dataclass(frozen=True, eq=False)
class Gains:
    """Gains of B controllers; on an error e the force is kp (e + ki ∫e) − kd v.

    Args:
        proportional: [B] kp, per unit of time squared.
        integral: [B] ki, per unit of time.
        derivative: [B] kd, per unit of time; on the speed only, so that a jump of the target does
            not cause a jump of the force.
    """

    proportional: Float[Tensor, "B"]
    integral: Float[Tensor, "B"]
    derivative: Float[Tensor, "B"]


class Pid(ScriptedBot):
    """Steers a point mass to the goal with a PID controller and noisy motors.

    The motors apply the force with a random relative error in size and direction, so noise grows with
    effort (Harris & Wolpert 1998, doi:10.1038/29528).

    Args:
        people: See `ScriptedBot`.
        target: The controller's setpoint: the "goal" itself, or a point "moving" there in a straight
            line.
        noise: Standard deviation of the motors' error, relative to the force, in each of
            the `CYCLES` cycles.
        delay: Time from a position to the force that responds to it, as a share of the duration; at most
            `MOST_DELAY`.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown target, a negative noise, a delay out of range.
    """

    name = "pid"
    family = "pid"

    def __init__(
        self,
        people: Trajectories,
        *,
        target: str = "goal",
        noise: float = 0.5,
        delay: float = 0.03,
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        if target not in TARGETS:
            raise InputError(f"target={target!r}: choose {' or '.join(TARGETS)}")
        check_not_negative(noise=noise)
        if not 0 <= delay <= MOST_DELAY:
            raise InputError(f"delay={delay:g}: must lie in 0…{MOST_DELAY:g}")
        self._delay = round(delay * CYCLES)
        self._noise = noise
        if target == "moving":
            self._setpoint = bell((torch.arange(CYCLES) / (_TARGET_UNTIL * CYCLES)).clamp(max=1))
        else:
            self._setpoint = torch.ones(CYCLES)

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        frequency, damping, integral = (
            low + (high - low) * streams.uniform(name)[:, 0]
            for name, (low, high) in (
                ("frequency", _FREQUENCY),
                ("damping", _DAMPING),
                ("integral", _INTEGRAL),
            )
        )
        gains = Gains(frequency.square(), integral, 2 * damping * frequency)
        wrong = streams.normal_steps("motor", CYCLES)
        motor = 1 + self._noise * torch.complex(wrong[..., 0], wrong[..., 1]).T
        points = pursuit(self._setpoint, gains, motor, self._delay)
        # The remaining error is spread over the path, so that the end does not jump.
        left = torch.tensor([1.0, 0.0]) - points[:, -1:]
        points = points + left * (torch.arange(CYCLES + 1) / CYCLES)[:, None].square()
        return target.from_chord(interpolate(points, CYCLES * target.share))


def pursuit(
    setpoint: Float[Tensor, "N"],
    gains: Gains,
    motor: Complex[Tensor, "N B"],
    delay: int,
) -> Float[Tensor, "B N1 2"]:
    """Return [B, N + 1, 2] the positions of points steered along the chord, after each cycle.

    Args:
        setpoint: [N] position of the setpoint in each cycle, as a share of the chord.
        gains: Of the B controllers, for a movement of one unit of time.
        motor: [N, B] applied force over requested force, in the complex plane.
        delay: Cycles from a position and a speed to the force that responds to them.
    """
    N, B = motor.shape
    step = 1 / N
    places = motor.new_zeros(delay + N + 1, B)
    speeds = motor.new_zeros(delay + N, B)  # as measured: `delay` cycles late
    speed = motor.new_zeros(B)
    summed = motor.new_zeros(B)
    summing = gains.integral * step
    for cycle, aim in enumerate(setpoint.tolist()):
        error = aim - places[cycle]
        force = (error + summed).mul_(gains.proportional)
        force.sub_(speeds[cycle] * gains.derivative)
        summed.addcmul_(error, summing)
        speed = torch.addcmul(speed, force, motor[cycle], value=step)
        if delay + cycle + 1 < len(speeds):
            speeds[delay + cycle + 1] = speed
        torch.add(places[delay + cycle], speed, alpha=step, out=places[delay + cycle + 1])
    return torch.view_as_real(places[delay:]).transpose(0, 1)
