"""From tables to events in one form: what a file's columns mean, what is dropped, what cannot be right."""
