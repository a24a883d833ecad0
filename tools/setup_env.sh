#!/usr/bin/env bash
# Makes the Python environment of this checkout, or leaves a good one alone.
#
#   tools/setup_env.sh
#   STACK=onedl tools/setup_env.sh         # the maintained forks of OpenMMLab
#   MMCV=compiled tools/setup_env.sh       # mmcv with operators of its own
#   PYTHON=python3.10 tools/setup_env.sh
#
# The environment is $QANET_VENV if that is set. Otherwise it lies in the
# user's cache, under a name made of the pins, where all checkouts with the
# same pins share it; .venv (.venv-onedl) is a link to it.
#
# Safe to interrupt and to run again: the stamp is written last, and pip skips
# what is already there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
stack=${STACK:-openmmlab}
mmcv=${MMCV:-lite}
python=${PYTHON:-python3}

say() { printf '[setup %s] %s\n' "$(date +%H:%M:%S)" "$*"; }
refuse() { say "$@"; exit 1; }

case $stack-$mmcv in
openmmlab-lite | openmmlab-compiled | onedl-lite) ;;
*) refuse "STACK must be openmmlab or onedl and MMCV lite or compiled" \
    "(compiled for openmmlab only), not STACK=$stack MMCV=$mmcv" ;;
esac
command -v "$python" >/dev/null ||
    refuse "'$python' was not found: install Python 3.10-3.12 or set PYTHON"
constraints=$root/requirements/constraints-$stack.txt
pins=$({
    cat "$root"/requirements/{runtime,$stack,onnx,tests}.txt "$constraints"
    echo "$mmcv"
    "$python" -c 'import sys; print(sys.version_info[:2], sys.platform)'
} | sha256sum | cut -c1-16)

link=$root/.venv
[ "$stack" = openmmlab ] || link=$link-$stack
if [ -n "${QANET_VENV:-}" ]; then
    venv=$QANET_VENV
    [ "$stack" = openmmlab ] || venv=$venv-$stack
else
    shared=${XDG_CACHE_HOME:-${HOME:-}/.cache}/qanet
    if mkdir -p "$shared" 2>/dev/null && [ -w "$shared" ]; then
        venv=$shared/$stack-$mmcv-$pins
    else
        venv=$link
    fi
fi
stamp=$venv/qanet-pins
log=$venv/setup.log

# An older .venv of this script goes; anybody else's stays.
connect() {
    [ "$venv" = "$link" ] || [ -n "${QANET_VENV:-}" ] && return
    if [ -d "$link" ] && [ ! -L "$link" ]; then
        compgen -G "$link/qanet-*" >/dev/null ||
            refuse "$link was not made by this script: remove it or set" \
                "QANET_VENV to another folder"
        rm -rf "$link"
    fi
    ln -sfn "$venv" "$link"
}

is_ready() {
    [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$pins" ]
}

if is_ready; then
    connect
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
if ! is_ready; then
    if [ -d "$venv" ] && [ -n "$(ls -A "$venv")" ]; then
        if [ "$(cat "$venv/qanet-building" 2>/dev/null)" = "$pins" ]; then
            say "continuing an interrupted set-up of $venv"
        elif compgen -G "$venv/qanet-*" >/dev/null; then
            say "the pins have changed: rebuilding $venv"
            rm -rf "$venv"
        else
            refuse "$venv exists and was not made by this script: remove it" \
                "or set QANET_VENV to another folder"
        fi
    fi

    pip_install() {
        "$venv/bin/python" -m pip install --quiet --progress-bar off \
            --no-compile -c "$constraints" "$@" >>"$log" 2>&1 || {
            say "failed: pip install $*"
            tail -n 30 "$log"
            refuse "the whole log is $log; run the same command again to" \
                "continue"
        }
    }

    say "making $venv (about 2 minutes on 2 cores$(
        [ "$mmcv" = lite ] || echo ', 10 for mmcv'))"
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    echo "$pins" >"$venv/qanet-building"
    requirements=(-r "$root/requirements/runtime.txt"
        -r "$root/requirements/onnx.txt" -r "$root/requirements/tests.txt")
    if [ "$mmcv" = compiled ]; then
        say '1/3 mmcv with its operators, from source (about 10 minutes)'
        pip_install torch torchvision 'setuptools<81' wheel ninja psutil
        # Never from a cache: mmcv's wheel does not carry torch's version in
        # its name, and one built against another torch fails on import.
        MMCV_WITH_OPS=1 MAX_JOBS=${MAX_JOBS:-$(nproc)} pip_install \
            --no-build-isolation --no-cache-dir --no-binary mmcv mmcv
        grep -v '^mmcv-lite' "$root/requirements/$stack.txt" \
            >"$venv/openmmlab.txt"
        requirements+=(-r "$venv/openmmlab.txt")
    else
        say '1/3 nothing to compile'
        requirements+=(-r "$root/requirements/$stack.txt")
    fi
    say '2/3 torch, OpenMMLab and the rest'
    MMCV_WITH_OPS=0 pip_install "${requirements[@]}"
    # mmengine pulls in opencv-python, which needs libGL. Both packages share
    # the folder cv2, so the headless one has to be the last one written.
    pip_install --force-reinstall --no-deps opencv-python-headless

    say '3/3 checking the result'
    (cd "$root" && "$venv/bin/python" - <<'PY') || refuse 'it is broken, see above'
import projects.qanet.plugin
import cv2, mmcv, mmdet, mmengine, mmpretrain, mmseg, torch
from mmcv.ops import nms
print(f'torch {torch.__version__}, mmengine {mmengine.__version__}, '
      f'mmcv {mmcv.__version__}, mmdet {mmdet.__version__}, '
      f'mmseg {mmseg.__version__}, mmpretrain {mmpretrain.__version__}, '
      f'opencv {cv2.__version__}')
PY
    rm -f "$venv/qanet-building"
    echo "$pins" >"$stamp"
fi
connect
say "environment $venv is ready"
