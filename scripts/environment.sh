# shellcheck shell=bash
# Sourced by the other scripts: finds a Python and makes virtual environments in the clone.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# What another environment or the user's settings would bring in.
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1 PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1

# Prints the name of a Python that can run fastbp and make environments.
find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
            >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    echo "fastbp needs Python 3.11 to 3.14 with its venv module (on Debian and Ubuntu: apt install python3-venv)." >&2
    return 1
}

# environment FOLDER: makes a virtual environment there, unless there is one that works.
environment() {
    local python
    if ! "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(find_python)
        "$python" -m venv --clear "$1"
        # Older ones know neither dependency groups nor quiet progress.
        "$1/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
    fi
}
