"""Trains rows in processes of their own, several side by side; interrupted, all of them save and can go on."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from paper.board import ROOT

#: What the libraries ask for the number of their threads.
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
#: Seconds between two looks at what is running.
LOOK_EVERY = 0.5


def run_all(board, names, jobs, ended=lambda name: None, say=print):
    """Train rows until all are done or cannot be.

    Args:
      board: the Board.
      names: the rows, in the order in which they are begun; one whose files are damaged is not trained.
      jobs: how many at the same time; more than one share the processors' threads among them.
      ended: called with the name of each row whose process has ended, once its numbers are published.
      say: where lines go.

    Returns:
      ``{name: why it was not trained to its end}``.

    Raises:
      KeyboardInterrupt: once all processes have saved and ended.
    """
    failed = {name: damage for name in names for damage in [board.damage(name)] if damage}
    waiting, running = [name for name in names if name not in failed], {}
    try:
        while waiting or running:
            ready = [name for name in waiting if not board.run(name).waits_for][: jobs - len(running)]
            for name in ready:
                waiting.remove(name)
                say("begins {}: {}".format(name, board.command(name)))
                running[name] = _Training(board, name, jobs)
            if not running:
                break
            time.sleep(LOOK_EVERY)
            for name in [name for name, training in running.items() if training.process.poll() is not None]:
                training = running.pop(name)
                if training.process.returncode:
                    failed[name] = training.last_words()
                board.publish(name)
                say("{} {}".format(name, "stopped: " + failed[name] if name in failed else "is done"))
                ended(name)
    finally:
        for training in running.values():
            training.process.send_signal(signal.SIGTERM)  # on which the trainers save
        for name, training in running.items():
            training.process.wait()
            board.publish(name)
    failed.update({name: "it waits for " + ", ".join(board.run(name).waits_for) for name in waiting})
    return failed


class _Training:
    """A row's process; alone it writes where this one does, one of several to its run's log.txt only."""

    def __init__(self, board, name, jobs):
        alone = jobs == 1
        # A file and no pipe: nobody reads while it runs, and a full pipe would stop it for ever.
        self._said = None if alone else tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(ROOT, board.kind.script)] + board.arguments(name),
            env=_environment(jobs),
            stdout=None if alone else subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the others
        )

    def last_words(self):
        """Why the process ended, in a line."""
        if self._said is None:
            return "exit code {}, for the reason above".format(self.process.returncode)
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip()
        return said.splitlines()[-1] if said else "exit code {}".format(self.process.returncode)


def _environment(jobs):
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([ROOT] + [path for path in [environment.get("PYTHONPATH")] if path])
    if jobs > 1:
        environment.update(dict.fromkeys(_THREADS, str(max(1, os.cpu_count() // jobs))))
    return environment
