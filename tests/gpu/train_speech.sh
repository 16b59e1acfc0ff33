#!/usr/bin/env bash
# Trains the built-in speech model for up to nine minutes, from whatever $OUT and $DATA already hold.
# DEVICE: cuda (default) or cpu, which is for rehearsal.  MINUTES: time for the training (default 5).  ANNEAL: steps of the last piece.
# Needs espeak-ng; flite, festival, RHVoice and Pico speak too where they are installed (speech/training/README.md).
set -euo pipefail
cd "$(dirname "$0")/../../speech/training"
out=$(realpath -m "${OUT:-../../out}")
data=$(realpath -m "${DATA:-$out/data}")
device=${DEVICE:-cuda} minutes=${MINUTES:-5} sentences=${SENTENCES:-200000} cores=$(nproc)
mkdir -p "$out" "$data"
# Three minutes for the voices at most; the trainer takes the shards that are complete.
timeout "${VOICES_S:-180}" python3 -m voices.build --out "$data" --count "$sentences" --seed 1 --processes "$cores" || true
if [[ $device == cuda ]]; then positions=40000 workers=$((cores - 2)); else positions=3000 workers=1; fi
python3 -m ears.train --data "$data" --out "$out" --device "$device" --minutes "$minutes" --workers "$workers" \
    --positions "$positions" ${ANNEAL:+--anneal "$ANNEAL"} | tee -a "$out/ears.log"
python3 -m ears.export --run "$out" --out "$out/english.bin"
