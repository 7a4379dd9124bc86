"""Scores of generated movements against people's."""
