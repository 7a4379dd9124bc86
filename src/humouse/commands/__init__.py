"""The commands: one file a verb. Each composes its settings, loads its inputs once, and hands them down."""
