"""A run directory holds a whole run: its config, its origin, its numbers, its checkpoints.

config.json      the experiment with every default filled in; it reruns the experiment
origin.json      command, versions, text, and the run whose weights it began from
structure.json   the units of the model that the newest checkpoint holds
kept.json        their numbers in the model that training began with, where units are cut out while training
metrics.csv      a row per epoch
log.txt          what was printed
events.out.*     TensorBoard
model.ckpt-*     the newest checkpoint; best/ holds the one with the best validation
report.txt/json  the end of the run; plots/ its figures
"""

import contextlib
import fcntl
import os
import sys
import time

from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training.metrics import Metrics

CONFIG, ORIGIN, STRUCTURE, METRICS, LOCK = "config.json", "origin.json", "structure.json", "metrics.csv", ".lock"
#: Beside a model whose dead units were cut out: group name -> the units that stayed, by their numbers before.
KEPT = "kept.json"
#: Begins, in the checkpoints of a run that shrinks, the names of the masks over each group's first units.
MASKS = "Train/kept/"
#: The folder of the best checkpoint in a run directory.
BEST = "best"
#: What of origin.json must stay the same for a run to go on.
_FIXED_ORIGIN = ("text", "restored_from", "compacted_from")


class RunDirectory:
    """Opens a new run at ``path``, or goes on with the one that is there; ``with`` gives it free for others at the end.

    Args:
      path: the folder; made where it does not exist.
      config: the experiment as a dict that JSON can hold.
      origin: the same for where the run comes from.

    Raises:
      UserError: the folder holds something else, another experiment, or a run that is being trained right now.

    Attributes:
      path: the folder.
      resuming: whether there was a run.
      metrics: the Metrics of the run.
    """

    def __init__(self, path, config, origin):
        self.path = path
        check(path, config, origin)
        try:
            os.makedirs(path, exist_ok=True)
            self._lock = open(os.path.join(path, LOCK), "a")
        except OSError as error:
            raise UserError("run directory '{}' cannot be made: {}.".format(path, error.strerror or error)) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError("run directory '{}' is in use by another process.".format(path)) from error
        check(path, config, origin)  # again, now that nobody else can begin a run here
        for name in _half_written(path):
            with contextlib.suppress(OSError):
                os.remove(self.file(name))
        self.resuming = os.path.exists(self.file(CONFIG))
        if not self.resuming:
            files.write_json(self.file(ORIGIN), origin)
            files.write_json(self.file(CONFIG), config)
        self.metrics = Metrics(self.file(METRICS))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._lock.close()

    def file(self, *names):
        """The path of a file in the run directory."""
        return os.path.join(self.path, *names)

    def has_report(self):
        """Whether the run is finished: its report is written last."""
        return os.path.exists(self.file("report.txt"))

    def say(self, text):
        """Print ``text`` and keep it in log.txt."""
        print(text)
        sys.stdout.flush()
        try:
            with open(self.file("log.txt"), "a", encoding="utf-8") as log:
                log.write("{}  {}\n".format(time.strftime("%Y-%m-%d %H:%M:%S"), text))
        except OSError as error:
            raise UserError("'{}' cannot be written: {}.".format(self.file("log.txt"), error.strerror)) from error


def beside(checkpoint, name):
    """The file called ``name`` that goes with a checkpoint, or None.

    Args:
      checkpoint: a checkpoint prefix or the folder that holds it; for a run's best/ its files lie in the run directory.
      name: "config.json" and the like.
    """
    folder = checkpoint if os.path.isdir(checkpoint) else os.path.dirname(checkpoint)
    folders = [folder]
    if os.path.basename(os.path.abspath(folder)) == BEST:
        folders.append(os.path.normpath(os.path.join(folder, os.pardir)))
    return next((path for path in (os.path.join(each, name) for each in folders) if os.path.exists(path)), None)


def check(path, config, origin):
    """Raise a UserError where ``path`` cannot become, or go on as, the run directory of this experiment.

    Args:
      path, config, origin: as for :class:`RunDirectory`.
    """
    files.refuse_patterns(path)
    if not os.path.exists(path):
        return
    if not os.path.isdir(path):
        raise UserError("'{}' is a file; a run directory is needed.".format(path))
    if not os.path.exists(os.path.join(path, CONFIG)):
        strangers = sorted(set(files.names_in(path)) - {LOCK, ORIGIN} - set(_half_written(path)))
        if strangers:
            raise UserError(
                "folder '{}' is not empty and holds no run (it has '{}'); choose another --save_path.".format(
                    path, strangers[0]
                )
            )
        return
    recorded = files.read_json(os.path.join(path, ORIGIN))
    for what, old, new in [("config", files.read_json(os.path.join(path, CONFIG)), config)] + [
        (key, recorded.get(key), origin.get(key)) for key in _FIXED_ORIGIN
    ]:
        found = difference(old, new, "" if what == "config" else what)
        if found:
            raise UserError(
                "run directory '{}' holds another experiment: {}; choose another --save_path.".format(path, found)
            )


def difference(old, new, key=""):
    """The first key in which two JSON values differ, in words; None where they are equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in list(old) + [name for name in new if name not in old]:
            found = difference(old.get(name), new.get(name), "{}.{}".format(key, name) if key else name)
            if found:
                return found
        return None
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, now) in enumerate(zip(old, new)):
            found = difference(before, now, "{}.{}".format(key, index))
            if found:
                return found
        return None
    return None if old == new else "{} is {} there and {} now".format(key, old, new)


def _half_written(path):
    """What a kill left of our files while they were being written."""
    ours = tuple(name + "." for name in (CONFIG, ORIGIN, STRUCTURE, KEPT, METRICS))
    return [name for name in files.names_in(path) if name.startswith(ours) and name.endswith(files.PARTIAL)]
