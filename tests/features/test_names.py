"""Every feature has a name that people can read."""

import re

from humouse.features import GROUPS
from humouse.features.modes import DETECTOR_MODES, FEATURE_MODES
from humouse.features.names import READABLE, readable

_COLUMNS = [feature.name for group in GROUPS.values() for feature in group]


def test_every_feature_of_every_mode_has_one():
    assert set(READABLE) == set(_COLUMNS)
    for groups in (*FEATURE_MODES.values(), *DETECTOR_MODES.values()):
        for group in groups:
            assert all(readable(feature.name) for feature in GROUPS[group])


def test_they_are_words_and_tell_features_apart():
    assert len(set(READABLE.values())) == len(READABLE)
    assert all(re.fullmatch(r"[a-zA-Z0-9 ,()'-]{6,50}", words) for words in READABLE.values())
    assert readable("speed_max_px_s") == "peak speed"
    assert readable("power_8_16_hz_db") == "power, 8 to 16 Hz"
    assert readable("unheard_of") == "unheard_of"
