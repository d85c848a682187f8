"""A full disk, for tests."""

import contextlib
import resource


@contextlib.contextmanager
def room_for(size):
    """No file may grow past ``size`` bytes, which is what a full disk is to a program.

    It holds for the whole process, the log of the tests included, so only the writing itself belongs inside.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
