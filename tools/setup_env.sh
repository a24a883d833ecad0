#!/usr/bin/env bash
# Makes the Python environment of this checkout, or leaves a good one alone.
#
#   tools/setup_env.sh            # environment in $QANET_VENV, else in .venv
#   PYTHON=python3.10 tools/setup_env.sh
#
# Safe to interrupt and to run again: the stamp is written last, and pip skips
# what is already there. A stamp that differs (other pins, other Python)
# rebuilds the environment from nothing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${QANET_VENV:-$root/.venv}
python=${PYTHON:-python3}
stamp=$venv/qanet-pins.sha256
log=$venv/setup.log

say() { printf '[setup %s] %s\n' "$(date +%H:%M:%S)" "$*"; }

command -v "$python" >/dev/null || {
    say "'$python' was not found: install Python 3.10-3.12 or set PYTHON"
    exit 1
}
pins=$({
    cat "$root"/requirements/*.txt
    "$python" -c 'import sys; print(sys.version_info[:2], sys.platform)'
} | sha256sum | cut -d' ' -f1)

is_ready() {
    [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$pins" ]
}

if is_ready; then
    say "environment $venv is up to date"
    exit 0
fi

# One set-up at a time, also between checkouts that share the environment.
mkdir -p "$(dirname "$venv")"
exec 9>"$venv.lock"
if ! flock -n 9; then
    say "another set-up of $venv is running, waiting for it"
    flock 9
fi
is_ready && { say "environment $venv is up to date"; exit 0; }

if [ -d "$venv" ]; then
    if [ -f "$venv/qanet-building" ] &&
        [ "$(cat "$venv/qanet-building")" = "$pins" ]; then
        say "continuing an interrupted set-up of $venv"
    elif [ -f "$venv/qanet-building" ] || [ -f "$stamp" ]; then
        say "the pins have changed: rebuilding $venv"
        rm -rf "$venv"
    elif [ -n "$(ls -A "$venv")" ]; then
        say "$venv exists and was not made by this script: remove it or set" \
            "QANET_VENV to another folder"
        exit 1
    fi
fi

pip_install() {
    "$venv/bin/python" -m pip install --quiet --progress-bar off \
        -c "$root/requirements/constraints.txt" "$@" >>"$log" 2>&1 || {
        say "failed: pip install $*"
        tail -n 30 "$log"
        say "the whole log is $log; run the same command again to continue"
        exit 1
    }
}

has() { "$venv/bin/python" -c "$1" >/dev/null 2>&1; }

say "making $venv (about 8 minutes on 2 cores, most of it compiling mmcv)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "$pins" >"$venv/qanet-building"

say '1/5 build tools'
pip_install -r "$root/requirements/build.txt"

say '2/5 torch and torchvision'
pip_install torch torchvision

if has 'import mmcv.ops'; then
    say '3/5 mmcv is built already'
else
    say '3/5 mmcv with its operators, from source (6 to 8 minutes)'
    # Never from a cache: mmcv's wheel does not carry torch's version in its
    # name, and one built against another torch fails on import.
    MMCV_WITH_OPS=1 MAX_JOBS=${MAX_JOBS:-$(nproc)} pip_install \
        --no-build-isolation --no-cache-dir --no-binary mmcv mmcv
fi

say '4/5 OpenMMLab packages, runtime and test requirements'
pip_install -r "$root/requirements/runtime.txt" \
    -r "$root/requirements/onnx.txt" -r "$root/requirements/tests.txt"
# mmengine pulls in opencv-python, which needs libGL. Both packages share the
# folder cv2, so the headless one has to be the last one written.
pip_install --force-reinstall --no-deps opencv-python-headless

say '5/5 checking the result'
"$venv/bin/python" - <<'PY' || { say "the environment is broken, see above"; exit 1; }
import cv2
import mmcv.ops
import mmdet
import mmpretrain
import mmseg
import torch
from torchvision.ops import nms
print(f'torch {torch.__version__}, mmcv {mmcv.__version__}, '
      f'mmdet {mmdet.__version__}, mmseg {mmseg.__version__}, '
      f'mmpretrain {mmpretrain.__version__}, opencv {cv2.__version__}')
PY
rm -f "$venv/qanet-building"
echo "$pins" >"$stamp"
say "environment $venv is ready"
