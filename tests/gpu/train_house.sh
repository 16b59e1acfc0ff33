#!/usr/bin/env bash
# Trains the house model for up to nine minutes, from whatever $OUT and $DATA already hold.
# HUMANS: folder or zip of the MakeHuman assets.  DEVICE: cuda (default) or cpu, which is for rehearsal.
# STAGE: sense or painter; default: painter once sense has finished.  MINUTES: time for the training (default 5).
set -euo pipefail
cd "$(dirname "$0")/../../generator/training"
out=$(realpath -m "${OUT:-../../out}")
data=$(realpath -m "${DATA:-$out/data}")
humans=$(realpath "${HUMANS:?name the folder or zip with the MakeHuman assets}")
device=${DEVICE:-cuda} minutes=${MINUTES:-5} people=${PEOPLE:-6000} rooms=${ROOMS:-1500} clutter=${CLUTTER:-800} cores=$(nproc)
mkdir -p "$out" "$data"
if [[ $humans == *.zip ]]; then
    [[ -d $data/humans ]] || python3 -m zipfile -e "$humans" "$data/humans"
    humans=$data/humans
fi
# Two minutes for the data; the trainer takes the shards that are complete.
timeout 120 python3 -m people.build --humans "$humans" --out "$data/people" --count "$people" --seed 1 --processes "$cores" || true
[[ -f $data/rooms/clutter.npy ]] || python3 -m house.clutter --out "$data/rooms" --count "$clutter"
timeout 40 python3 -m rooms.build --out "$data/rooms" --count "$rooms" --seed 1 || true

stage=${STAGE:-sense}
if [[ -z ${STAGE:-} && -f $out/sense.done ]]; then stage=painter; fi
# The first piece goes on from the weights that ship.
if [[ ! -f $out/$stage.pt ]]; then python3 -m house.thaw --data "$data" --out "$out" --stages sense "$stage" --batches 4; fi
batch=$([[ $device == cuda ]] && echo 64 || echo 8)
workers=$([[ $device == cuda ]] && echo $((cores - 2)) || echo 0)
python3 -m house.train "$stage" --data "$data" --out "$out" --device "$device" --batch "$batch" --workers "$workers" \
    --minutes "$minutes" ${ANNEAL:+--anneal "$ANNEAL"} | tee -a "$out/$stage.log"
if tail -n 1 "$out/$stage.log" | grep -q finished; then touch "$out/$stage.done"; fi
