"""humouse learns how people move a mouse, makes movements like theirs and measures how close."""

__version__ = "0.1.0"
