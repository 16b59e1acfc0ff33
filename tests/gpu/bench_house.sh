#!/usr/bin/env bash
# The house renderer on this machine's GPU against the CPU and against PyTorch. See README.md beside it.
# OUT: where tables and JSON go (default out); those of an earlier run are replaced.
# HOUSE_CHECK: the program, where it was built elsewhere.
# PYTHON: a Python with torch, numpy and safetensors (default python3).  CAMERA: the camera's size, 4:3 (default 640x480).
# DEVICE=cpu FRAMES=5: PyTorch's part on the CPU, to rehearse.  REQUIRE_GPU=1: fail where there is no GPU.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/gpu/common.sh
out=${OUT:-out} python=${PYTHON:-python3} camera=${CAMERA:-640x480}
if ! [[ $camera =~ ^([0-9]+)x([0-9]+)$ ]] || ((10#${BASH_REMATCH[1]} * 3 != 10#${BASH_REMATCH[2]} * 4)); then
    echo "CAMERA must be a size of the shape 4:3, such as 640x480 or 1280x960, since the networks' pictures are; it is $camera" >&2
    exit 2
fi
mkdir -p "$out"
rm -f "$out"/{house_check.txt,house_check.json,peers.json,bench_house.txt}

status=0
if program HOUSE_CHECK otherglass-generator house_check; then
    timeout 180 "$program" "${required[@]}" --assets assets --camera "$camera" --out "$out" | tee "$out/house_check.txt" || status=$?
else
    echo "skipped: the house renderer on the GPU against the CPU: $reason"
    status=$without
fi
if "$python" -c 'import torch, numpy, safetensors' 2>/dev/null; then
    timeout 330 "$python" tests/gpu/peers.py --out "$out" --camera "$camera" --device "${DEVICE:-cuda}" --frames "${FRAMES:-1000}" || status=$?
else
    echo "skipped: ${FRAMES:-1000} frames of PyTorch in 6 ways: $python has no torch, numpy and safetensors"
fi
exit "$status"
