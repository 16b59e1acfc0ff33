#!/usr/bin/env bash
# The house renderer on this machine's GPU against the CPU and against PyTorch. See README.md beside it.
# OUT: where tables and JSON go (default out).  HOUSE_CHECK: the program, where it was built elsewhere.
# PYTHON: a Python with torch, numpy and safetensors (default python3).  CAMERA: the camera's size (default 640x480).
# DEVICE=cpu FRAMES=5: PyTorch's part on the CPU, to rehearse.  REQUIRE_GPU=1: fail where there is no GPU.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${OUT:-out} python=${PYTHON:-python3} camera=${CAMERA:-640x480}
mkdir -p "$out"
check=${HOUSE_CHECK:-}
if [[ -z $check ]]; then
    cargo build --release --locked -p otherglass-generator --bin house_check
    check=${CARGO_TARGET_DIR:-target}/release/house_check
fi
required=()
[[ -z ${REQUIRE_GPU:-} ]] || required=(--require-gpu)

status=0
timeout 180 "$check" "${required[@]}" --assets assets --camera "$camera" --out "$out" | tee "$out/house_check.txt" || status=$?
if "$python" -c 'import torch, numpy, safetensors' 2>/dev/null; then
    timeout 330 "$python" tests/gpu/peers.py --out "$out" --camera "$camera" --device "${DEVICE:-cuda}" --frames "${FRAMES:-1000}" || status=$?
else
    echo "skipped: ${FRAMES:-1000} frames of PyTorch in 6 ways: $python has no torch, numpy and safetensors"
fi
exit "$status"
