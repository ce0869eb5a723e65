# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing to a process that may be gone, without being ended for it.

Python itself ignores SIGPIPE, so that a broken pipe is an error that can be caught.
Blender starts its Python without that, and the signal would end Blender without a word.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_sigpipe() -> Iterator[None]:
    """Have a broken pipe raise BrokenPipeError in this thread, and do no more."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows has no such signal.
        yield
        return
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        yield
    finally:
        if signal.SIGPIPE not in former:
            if signal.SIGPIPE in signal.sigpending():
                signal.sigwait({signal.SIGPIPE})  # It waits, so this returns at once.
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
