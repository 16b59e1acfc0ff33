#!/usr/bin/env bash
# Checks the CUDA kernels on this machine's GPU, then measures them. See README.md beside it.
# OUT: where tables and JSON go (default out); those of an earlier run are replaced.
# GPU_CHECK: the program, where it was built elsewhere.
# REQUIRE_GPU=1: fail where there is no GPU, instead of saying what was skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/gpu/common.sh
out=${OUT:-out}
mkdir -p "$out"
rm -f "$out"/{gpu_check.txt,gpu_check.json,memcheck.txt,racecheck.txt,synccheck.txt,initcheck.txt,sanitizer.txt}

if ! program GPU_CHECK otherglass-kernels gpu_check; then
    echo "skipped: every parity row and timing on the GPU: $reason" | tee "$out/gpu_check.txt"
    exit "$without"
fi

# Right first, then fast: the run that measures also holds the parity table and the replayed frames. What it has found so
# far is in gpu_check.json at any time.
status=0
timeout 300 "$program" "${required[@]}" --out "$out" | tee "$out/gpu_check.txt" || status=$?

if grep -q '^skipped: ' "$out/gpu_check.txt"; then exit "$status"; fi
if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck synccheck initcheck; do
        echo "== compute-sanitizer $tool"
        timeout 50 compute-sanitizer --tool "$tool" --error-exitcode 9 "$program" --apart --no-bench --quick |
            tail -n 3 | tee "$out/$tool.txt" || status=$?
    done
else
    echo "skipped: compute-sanitizer is not installed" | tee "$out/sanitizer.txt"
fi
exit "$status"
