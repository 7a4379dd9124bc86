"""Settings that have a new name: what they were called before, and configurations that say so.

An old name on the command line is an error that gives the new one; in a checkpoint it is read as the
new one.
"""

from collections.abc import Mapping
from typing import Any

RENAMED = {
    "draws": "replicates",
    "hand_over": "t_switch",
    "decoder.hand_over": "decoder.t_switch",
    "decoder.least_time": "decoder.t_min",
    "decoder.goal_jitter_px": "decoder.goal_noise_px",
    "decoder.time_jitter": "decoder.duration_noise",
    "decoder.path_jitter": "decoder.path_noise",
    "decoder.cond_jitter": "decoder.cond_noise",
    "tuning.critic_jitter": "tuning.critic_cond_noise",
    "tuning.critic_time_jitter": "tuning.critic_duration_noise",
}
"""Old dotted setting → new one, in the same section; no configuration has both."""

LATER: dict[str, tuple[str, dict[str, Any]]] = {
    "": ("diffusion", {"start_from": None}),
    "data.": ("codec", {"modes": 32, "balance": 1.0, "companding": 0.0}),
    "decoder.": ("hidden", {"style": 0, "exact_ms": 64, "virtual": 0.0}),
    "diffusion.": ("objective", {"low_noise_share": 0.0}),
}
"""Settings that came later: section → a setting that it is known by, and these with the value of what
was done before."""


def upgraded(config: Mapping[str, Any], section: str = "") -> dict[str, Any]:
    """Return a configuration of any age with the settings' names of today, its values unchanged.

    Args:
        config: Plain values by name, nested.
        section: Dotted name of the section that `config` is; empty for the whole.
    """
    renamed = {}
    for name, value in config.items():
        key = f"{section}{name}"
        today = RENAMED.get(key, key).removeprefix(section)
        renamed[today] = upgraded(value, f"{key}.") if isinstance(value, Mapping) else value
    mark, added = LATER.get(section, ("", {}))
    return {**(added if mark in config else {}), **renamed}
