"""How detectors do on families of bots that they never saw: design, folds, metrics, result."""
