#!/usr/bin/env bash
# Renders people and rooms for train_house.sh with all cores, for a part of the time. See README.md beside it.
# HUMANS: folder or zip of the MakeHuman assets.  DATA: where the data go; whole shards that are there are kept.
# RENDER_S: seconds (default 110).  PYTHON: one with the training code's packages (default python3).
set -euo pipefail
cd "$(dirname "$0")/../../generator/training"
. ../../tests/gpu/common.sh
data=$(realpath -m "$DATA") cores=$(nproc) python=${PYTHON:-python3} render_s=${RENDER_S:-110}
people=${PEOPLE:-8000} faces=${FACES:-1500} rooms=${ROOMS:-1600} clutter=${CLUTTER:-800}
mkdir -p "$data/people" "$data/rooms"

# Rendered side by side for so long; the trainers take the shards that are whole. A hand at the face is rare among gestures.
humans=$(realpath "$HUMANS")
if [[ $humans == *.zip ]]; then
    [[ -d $data/humans ]] || "$python" -m zipfile -e "$humans" "$data/humans"
    humans=$data/humans
fi
[[ -f $data/rooms/clutter.npy ]] || timeout "$render_s" "$python" -m house.clutter --out "$data/rooms" --count "$clutter" &
timeout "$render_s" "$python" -m rooms.build --out "$data/rooms" --count "$rooms" --seed 1 --processes $(((cores + 3) / 4)) &
timeout "$render_s" "$python" -m people.build --humans "$humans" --out "$data/people/faces" --count "$faces" --seed 2 --gesture face \
    --processes $(((cores + 7) / 8)) &
shards people "$data/people/*/labels.json" "$render_s" \
    "$python" -m people.build --humans "$humans" --out "$data/people" --count "$people" --seed 1 --processes $(((cores * 5 + 7) / 8))
wait
