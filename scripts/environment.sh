# Sourced by the other scripts: make_environment makes a virtual environment that holds this package.
#
# PYTHON=... chooses the interpreter it is made from (default: python3).
# Sets $root, the project's folder, and $python, the interpreter of the environment.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# fail SENTENCE: end with one sentence.
fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# make_environment FOLDER PACKAGE
#
# Makes the virtual environment $root/FOLDER, where %v stands for the interpreter's version, and installs
# PACKAGE ("." or ".[dev]") into it in editable form, beside what other calls have put there. What has been done already
# is not done again.
make_environment() {
  interpreter=${PYTHON:-python3}
  version=$("$interpreter" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
    fail "There is no working Python called '$interpreter'; install Python 3.7 to 3.13 or say where it is: PYTHON=/path/to/python $0"
  "$interpreter" -c 'import sys; sys.exit(sys.version_info < (3, 7))' ||
    fail "'$interpreter' is Python $version, which is too old; choose one from 3.7 to 3.13: PYTHON=/path/to/python $0"

  environment="$root/${1//%v/$version}"
  python="$environment/bin/python"
  local package=$2 stamp="$environment/made-by-scripts" origin contents
  # The stamp's lines: the origin, the contents, and each package that was installed from them.
  # A virtual environment cannot be moved, nor used with another interpreter than the one it was made from.
  origin="$environment $("$interpreter" -c 'import sys; print(sys.base_prefix, sys.version.split()[0])')"
  # An editable installation knows only the packages that were there when it was made.
  contents=$(cd "$root" && { ls -d -- */__init__.py && cat setup.py; } | cksum)

  if [ -e "$environment" ] && [ ! -f "$stamp" ]; then
    fail "$environment is in the way, for it was not made by $0; rename it and run this again."
  fi
  if [ "$(sed -n 1p "$stamp" 2>/dev/null)" != "$origin" ]; then
    rm -rf "$environment"
    { mkdir "$environment" && : >"$stamp"; } 2>/dev/null ||
      fail "$environment cannot be written; see that there is room and that you may write there."
    "$interpreter" -m venv "$environment" >"$environment/log" 2>&1 ||
      fail "'$interpreter' cannot make a virtual environment; install its venv module (on Debian and Ubuntu: sudo apt install python$version-venv) and run this again."
    echo "$origin" >"$stamp"
  fi
  if [ "$(sed -n 2p "$stamp")" != "$contents" ]; then
    echo "Installing TensorFlow and the rest of what is needed into $environment: up to 600 MB to fetch, 1 to 5 minutes, only this once."
    install "pip>=21.3" # the first that installs a project with a pyproject.toml in editable form
    install -e "$package"
    printf '%s\n' "$origin" "$contents" . "$package" >"$stamp" # all of them hold "."
  elif ! sed -n '3,$p' "$stamp" | grep -qxF -e "$package"; then
    echo "Installing what else is needed into $environment, only this once."
    install -e "$package"
    echo "$package" >>"$stamp"
  fi
}

# install REQUIREMENT: pip shows its progress where a person watches; elsewhere only an error is worth a line.
# Modules are compiled when they are first imported: most of TensorFlow's never are, and all of them take long.
install() {
  local log="$environment/log"
  if [ -t 1 ]; then
    (cd "$root" && "$python" -m pip install --no-compile "$@") && return
  else
    (cd "$root" && "$python" -m pip install --no-compile -q "$@") >"$log" 2>&1 && return
    grep ERROR "$log" >&2 || tail -n 5 "$log" >&2
  fi
  fail "pip could not install what Python $version needs, for the reason above; see that the package index can be reached and has TensorFlow for this Python (64 bit, 3.7 to 3.13), then run this again."
}
