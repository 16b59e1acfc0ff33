#!/usr/bin/env bash
# Trains the house model for up to nine minutes, from whatever $OUT and $DATA already hold. See README.md beside it.
# HUMANS: folder or zip of the MakeHuman assets; not needed where DATA holds people made elsewhere.
# DEVICE: cuda (default) or cpu, which is for rehearsal.  PYTHON: one with the training code's packages (default python3).
# STAGE: sense or painter; default: painter once sense has finished.  MINUTES: time for the training (default 5).
set -euo pipefail
cd "$(dirname "$0")/../../generator/training"
. ../../tests/gpu/common.sh
out=$(realpath -m "${OUT:-../../out}")
data=$(realpath -m "${DATA:-$out/data}")
device=${DEVICE:-cuda} minutes=${MINUTES:-5} people=${PEOPLE:-6000} rooms=${ROOMS:-1500} clutter=${CLUTTER:-800} cores=$(nproc) python=${PYTHON:-python3}
mkdir -p "$out" "$data"
# Two minutes for the people and less for the rooms; the trainer takes the shards that are complete.
if [[ -n ${HUMANS:-} ]]; then
    humans=$(realpath "$HUMANS")
    if [[ $humans == *.zip ]]; then
        [[ -d $data/humans ]] || "$python" -m zipfile -e "$humans" "$data/humans"
        humans=$data/humans
    fi
    shards people "$data/people/shard_*/labels.json" 120 \
        "$python" -m people.build --humans "$humans" --out "$data/people" --count "$people" --seed 1 --processes "$cores"
elif ! compgen -G "$data/people/shard_*/labels.json" >/dev/null; then
    echo "there are no people in $data/people: name the folder or zip with the MakeHuman assets in HUMANS, or bring shards made elsewhere" >&2
    exit 2
fi
[[ -f $data/rooms/clutter.npy ]] ||
    shards rooms "$data/rooms/*.npy" 120 "$python" -m house.clutter --out "$data/rooms" --count "$clutter"
shards rooms "$data/rooms/*.npy" 40 "$python" -m rooms.build --out "$data/rooms" --count "$rooms" --seed 1

stage=${STAGE:-sense}
if [[ -z ${STAGE:-} && -f $out/sense.done ]]; then stage=painter; fi
# The first piece goes on from the weights that ship.
if [[ ! -f $out/$stage.pt ]]; then "$python" -m house.thaw --data "$data" --out "$out" --stages sense "$stage" --batches 4; fi
batch=$([[ $device == cuda ]] && echo 64 || echo 8)
workers=$([[ $device == cuda ]] && echo $((cores - 2)) || echo 0)
"$python" -m house.train "$stage" --data "$data" --out "$out" --device "$device" --batch "$batch" --workers "$workers" \
    --minutes "$minutes" ${ANNEAL:+--anneal "$ANNEAL"} | tee -a "$out/$stage.log"
if tail -n 1 "$out/$stage.log" | grep -q finished; then touch "$out/$stage.done"; fi
