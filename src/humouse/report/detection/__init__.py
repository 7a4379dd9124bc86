"""The page of a detection benchmark."""
