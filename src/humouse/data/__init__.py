"""Raw logs → trajectories → tensors."""
