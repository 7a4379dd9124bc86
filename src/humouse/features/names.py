"""What to call each feature in a sentence; the bare name stays that of its column."""

_PLAIN = {
    "duration_ms": "duration",
    "path_px": "path length",
    "net_px": "distance from start to end",
    "steps": "number of steps",
    "direction_cos": "direction, left to right",
    "direction_sin": "direction, up to down",
    "log_dimensionless_jerk": "smoothness",
    "path_efficiency": "straightness",
    "heading_change_mean_rad": "mean turn",
    "heading_change_std_rad": "spread of turns",
    "heading_change_max_rad": "largest turn",
    "curvature_mean_rad_px": "mean curvature",
    "lateral_rms_px": "typical distance from the straight line",
    "lateral_max_px": "largest distance from the straight line",
    "lateral_rms_ratio": "bend, relative to distance",
    "overshoot_px": "overshoot",
    "dx_flips": "reversals, left and right",
    "dy_flips": "reversals, up and down",
    "submovements": "number of speed peaks",
    "pauses": "number of pauses",
    "pause_share": "share of time in pauses",
    "peak_speed_time_ratio": "moment of peak speed",
    "speed_quarter1_px_s": "speed in the first quarter",
    "speed_quarter2_px_s": "speed in the second quarter",
    "speed_quarter3_px_s": "speed in the third quarter",
    "speed_quarter4_px_s": "speed in the last quarter",
    "dt_mean_ms": "mean time step",
    "dt_std_ms": "spread of time steps",
    "dt_min_ms": "shortest time step",
    "dt_p10_ms": "short time steps (10th percentile)",
    "dt_median_ms": "median time step",
    "dt_p90_ms": "long time steps (90th percentile)",
    "dt_max_ms": "longest time step",
    "dt_mode_ms": "commonest time step",
    "dt_mode_share": "share of the commonest time step",
    "dt_on_tick_share": "share of time steps on the clock's tick",
    "dt_off_grid_share": "share of time steps between whole milliseconds",
    "zero_move_share": "share of steps without motion",
    "axis_move_share": "share of steps along one axis",
    "one_pixel_share": "share of one-pixel steps",
    "off_grid_share": "share of moves between whole pixels",
    "power_tail_db": "share of power above 16 Hz",
    "spectral_centroid_hz": "mean frequency",
    "spectral_entropy": "spread over frequencies",
    "velocity_autocorrelation_1": "persistence of velocity over 1 step",
    "velocity_autocorrelation_2": "persistence of velocity over 2 steps",
    "velocity_autocorrelation_4": "persistence of velocity over 4 steps",
    "strokes": "number of strokes",
    "stroke_snr_db": "fit of the strokes",
    "dt_speed_correlation": "correlation of time step and speed",
    "dt_dip_correlation": "correlation of time step and dip in speed",
    "long_step_dip": "dip in speed at long time steps",
    "dt_autocorrelation_1": "persistence of time steps",
    "dt_first_log_ratio": "length of the first time step",
    "dx_roughness": "jitter, left and right",
    "dy_roughness": "jitter, up and down",
    "dx_roughness_autocorrelation_1": "persistence of jitter, left and right",
    "dy_roughness_autocorrelation_1": "persistence of jitter, up and down",
    "repeat_share": "share of repeated steps",
    "first_step_log_ratio": "size of the first step",
    "last_step_log_ratio": "size of the last step",
    "turn_step_correlation": "correlation of turn and next step",
    "curvature_speed_correlation": "correlation of curvature and speed",
    "fast_turn_log_rad": "turns at high speed",
    "log_speed_change_autocorrelation_1": "persistence of speed changes",
}
_MAGNITUDES = {"speed": "px_s", "acceleration": "px_s2", "jerk": "px_s3"}
_STATISTICS = {
    "mean": "mean {}",
    "std": "spread of {}",
    "max": "peak {}",
    "p95": "high {} (95th percentile)",
}
_BANDS = ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64))
_STROKES = {
    "amplitude": ("stroke length", "_px"),
    "onset": ("stroke onset", "_s"),
    "log_delay": ("stroke delay", ""),
    "log_response": ("stroke response time", ""),
    "angle_start": ("stroke angle at its start", "_rad"),
    "angle_end": ("stroke angle at its end", "_rad"),
}

READABLE: dict[str, str] = {
    **_PLAIN,
    **{
        f"{magnitude}_{key}_{unit}": words.format(magnitude)
        for magnitude, unit in _MAGNITUDES.items()
        for key, words in _STATISTICS.items()
    },
    **{f"power_{low}_{high}_hz_db": f"power, {low} to {high} Hz" for low, high in _BANDS},
    **{
        f"power_{low}_{high}_hz_share": f"share of power, {low} to {high} Hz"
        for low, high in _BANDS
    },
    **{
        f"stroke_{parameter}_{half}_half_{key}{unit}": f"{words} {word}, {half} half"
        for parameter, (word, unit) in _STROKES.items()
        for half in ("first", "second")
        for key, words in (("max", "largest"), ("min", "smallest"), ("mean", "mean"))
    },
}
"""A name in words for every column of every group; all different."""


def readable(name: str) -> str:
    """Return what to call a feature; one that is not known by its bare name."""
    return READABLE.get(name, name)
