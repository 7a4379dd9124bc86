"""Two-sample tests: classifiers that try to separate real from generated movements."""
