"""The page that compares several evaluations."""
