"""What lengths and conditions movements have: distributions that a codec draws frames from."""
