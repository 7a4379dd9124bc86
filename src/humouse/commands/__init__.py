"""The commands, one file per verb. Each loads its inputs once and passes them on."""
