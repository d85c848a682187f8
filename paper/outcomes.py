"""What is known of a row's run, in its run directory or its folder in results/, and the way from one to the other."""

import os
from dataclasses import dataclass
from typing import Any, Dict, List

from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import origin
from sparse_rnn.training.metrics import Metrics
from sparse_rnn.training.run_directory import CONFIG, METRICS, ORIGIN

REPORT = "report.json"
#: What is published as it is; :data:`ORIGIN` goes along in other words.
_COPIED = (CONFIG, METRICS, REPORT, "report.txt")


@dataclass(frozen=True)
class Outcome:
    """A run as far as it has come.

    Attributes:
      config: its experiment as plain JSON.
      rows: those of its metrics.csv.
      report: its report.json; empty where it is not finished.
      origin: its origin.json.
      damage: what is wrong with these files, a sentence; of the rest, the config is known at most.
    """

    config: Dict[str, Any]
    rows: List[Dict[str, float]]
    report: Dict[str, Any]
    origin: Dict[str, Any]
    damage: str = ""

    @property
    def finished(self) -> bool:
        """Whether it was trained to its end."""
        return bool(self.report)

    @property
    def kept(self) -> Dict[str, int]:
        """``{group: kept units}`` at the end."""
        return {group["name"]: group["kept"] for group in self.report["groups"]}


def read(folder):
    """The Outcome in a folder; None where nothing was begun."""
    if not os.path.exists(os.path.join(folder, CONFIG)):
        return None
    try:
        found = {
            name: files.read_json(os.path.join(folder, name)) if os.path.exists(os.path.join(folder, name)) else {}
            for name in (CONFIG, REPORT, ORIGIN)
        }
        rows = Metrics(os.path.join(folder, METRICS)).rows
        epochs = found[CONFIG]["train"]["epochs"]
    except UserError as error:
        return Outcome({}, [], {}, {}, str(error))
    except (KeyError, TypeError):
        damage = "{}: this is not the config of a run; put a copy of it back.".format(os.path.join(folder, CONFIG))
        return Outcome({}, [], {}, {}, damage)
    if os.path.exists(os.path.join(folder, REPORT)) and not found[REPORT]:
        return Outcome(
            found[CONFIG], [], {}, {}, "{} is empty; put a copy of it back.".format(os.path.join(folder, REPORT))
        )
    if found[REPORT] and len(rows) != epochs:
        damage = "{}: of the {} epochs of this run, which is finished, it has {}; put a copy of it back.".format(
            os.path.join(folder, METRICS), epochs, len(rows)
        )
        return Outcome(found[CONFIG], [], {}, {}, damage)
    return Outcome(found[CONFIG], rows, found[REPORT], found[ORIGIN])


def publish(run, folder, command):
    """Copy the numbers of a run directory, finished or not, to a folder in results/.

    Args:
      run: the run directory.
      folder: made where it does not exist.
      command: how anybody can repeat the run, in place of the paths of this machine.
    """
    files.make_folder(folder)
    for name in _COPIED:
        if os.path.exists(os.path.join(run, name)):
            files.write_text(os.path.join(folder, name), files.read_text(os.path.join(run, name)))
    told = read(run).origin
    kept = {key: told[key] for key in ("text", "versions", "machine") if key in told}
    kept.setdefault("machine", origin.machine())
    files.write_json(os.path.join(folder, ORIGIN), dict(kept, command=command))
