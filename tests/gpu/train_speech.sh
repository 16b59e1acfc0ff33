#!/usr/bin/env bash
# Trains the built-in speech model on for up to nine minutes, from whatever $OUT and $DATA already hold, else from the shipped one. See README.md beside it.
# DEVICE: cuda (default) or cpu, which is for rehearsal.  MINUTES: time for the training (default 5).  ANNEAL: steps of the last piece.
# PYTHON: one with the training code's packages (default python3).
# Needs espeak-ng and wordnet-base, or shards made elsewhere in DATA; flite, festival, RHVoice and Pico speak too where they are installed.
set -euo pipefail
cd "$(dirname "$0")/../../speech/training"
. ../../tests/gpu/common.sh
out=$(realpath -m "${OUT:-../../out}")
data=$(realpath -m "${DATA:-$out/data}")
device=${DEVICE:-cuda} minutes=${MINUTES:-5} sentences=${SENTENCES:-200000} cores=$(nproc) python=${PYTHON:-python3}
mkdir -p "$out" "$data"
# Three minutes for the voices at most; the trainer takes the shards that are complete.
shards "spoken sentences" "$data/voices-*.json" "${VOICES_S:-180}" \
    "$python" -m voices.build --out "$data" --count "$sentences" --plain $((sentences / 4)) --seed 1 --processes "$cores"
if [[ ! -e $out/base.pt ]]; then "$python" -m ears.base --ggml ../../assets/speech/english.bin --out "$out"; fi
if [[ $device == cuda ]]; then positions=40000 workers=$((cores - 2)); else positions=3000 workers=1; fi
"$python" -m ears.train --data "$data" --out "$out" --device "$device" --minutes "$minutes" --workers "$workers" \
    --positions "$positions" ${ANNEAL:+--anneal "$ANNEAL"} | tee -a "$out/ears.log"
"$python" -m ears.export --run "$out" --out "$out/english.bin"
