"""Running the scripts that fetch texts with a ``curl`` that touches no network."""

import hashlib
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(ROOT, "scripts")
FAKE_CURL = """#!/bin/sh
while [ "$1" != --output ]; do shift; done
{}
"""


def text_of(name):
    """The text of a script."""
    with open(os.path.join(SCRIPTS, name)) as stream:
        return stream.read()


def changed(name, text, folder):
    """The path of a copy with another text, beside what it sources."""
    shutil.copy(os.path.join(SCRIPTS, "fetch.sh"), str(folder))
    path = folder / name
    path.write_text(text)
    return path


def checking(name, texts, folder):
    """The path of a copy that looks for these texts, ``{file: bytes}``, in place of the real ones."""
    script = text_of(name)
    for file, content in texts.items():
        facts = "{} {} sha256 {}".format(file, len(content), hashlib.sha256(content).hexdigest())
        script, count = re.subn(r"(?m)^{} \d+ sha256 [0-9a-f]{{64}}".format(re.escape(file)), facts, script)
        assert count == 1
    return changed(name, script, folder)


def run(script, folder, tmp_path, download):
    """Runs the script with a ``curl`` that does ``download``, a line of shell whose target file is ``$2``."""
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "curl").write_text(FAKE_CURL.format(download))
    (fake / "curl").chmod(0o755)
    return subprocess.run(
        ["bash", str(script), str(folder)],
        env=dict(os.environ, PATH=str(fake) + os.pathsep + os.environ["PATH"]),
        capture_output=True,
        text=True,
    )


def contents(folder):
    """``{name: bytes}`` of a folder."""
    return {name: (folder / name).read_bytes() for name in os.listdir(str(folder))}
