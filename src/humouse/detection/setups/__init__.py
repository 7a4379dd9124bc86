"""Set-ups: what people's movements look like on one device and task, and what scores mean there."""
