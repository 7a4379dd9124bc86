"""Settings of the look at an installation."""

from dataclasses import dataclass

from humouse.settings.fields import setting


@dataclass
class DoctorSettings:
    """`humouse doctor`: what is installed, what it can use here, and what is in the way."""

    ports: list[int] = setting("ports to try: those of humouse serve and humouse record")
