"""Law: whatever ends a command, the person reads one line that says what is kept, and the shell the code it knows."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_COMMAND = """
import atexit, logging, signal, sys, time
from eurosic.console import told

@told
def work():
    logging.basicConfig()
    atexit.register(lambda: 1 / 0)
    print("at work", flush=True)
    try:
        while True:
            time.sleep(0.01)
    finally:
        try:
            raise OSError("a connection is closed")
        except OSError:
            logging.getLogger("tornado.application").exception("under work that is given up")

work()
"""


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "Terminated"), (signal.SIGINT, 130, "Interrupted")]
)
def test_what_libraries_log_while_a_command_is_given_up_is_not_shown(number, code, word):
    """One line in all, and no traceback of a connection that closed because the command ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _COMMAND], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said == f"{word}. What is finished is kept: the same command goes on.\n"
