"""The one exception that is meant for people."""


class InputError(Exception):
    """Something the user gave cannot be used: a file, a setting, a checkpoint, a full disk.

    The message is one line that names the file or setting, says what is wrong with it and what to
    do. The command line prints it without a traceback and exits with status 2; a library caller
    catches it as any other exception.
    """
