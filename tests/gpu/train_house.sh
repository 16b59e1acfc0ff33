#!/usr/bin/env bash
# Trains both networks of the house model side by side, from whatever $OUT and $DATA already hold. See README.md beside it.
# HUMANS: folder or zip of the MakeHuman assets; not needed where DATA holds people made elsewhere.
# DEVICE: cuda (default) or cpu, which is for rehearsal.  PYTHON: one with the training code's packages (default python3).
# RENDER_S: seconds for rendering people and rooms, see render_house.sh.  MINUTES: for the training (default 5).
# FINISH=1: the learning rates fall to zero within these minutes.
set -euo pipefail
cd "$(dirname "$0")/../../generator/training"
out=$(realpath -m "${OUT:-../../out}")
data=$(realpath -m "${DATA:-$out/data}")
device=${DEVICE:-cuda} minutes=${MINUTES:-5} python=${PYTHON:-python3}
mkdir -p "$out"
export PYTHONUNBUFFERED=1

[[ -z ${HUMANS:-} ]] || DATA=$data bash ../../tests/gpu/render_house.sh
for needed in "people/*/labels.json" "rooms/*.npy"; do
    if ! compgen -G "$data/$needed" >/dev/null; then
        echo "nothing matches $data/$needed: name the folder or zip with the MakeHuman assets in HUMANS, or bring shards made elsewhere" >&2
        exit 2
    fi
done

# The first piece goes on from the weights that ship. The painter sees the parts that the `sense` of that moment sees.
"$python" -m house.thaw --data "$data" --out "$out" --batches 8 --device "$device"
train() {
    "$python" -m house.train "$1" --data "$data" --out "$out" --device "$device" --batch "$2" --rate "${RATE:-2e-3}" \
        --minutes "$minutes" ${FINISH:+--finish} >>"$out/$1.log" 2>&1
}
batches=(256 64)
[[ $device == cuda ]] || batches=(16 8)
train sense "${batches[0]}" &
sense=$! ended=0
train painter "${batches[1]}" || ended=$?
wait $sense || ended=$?
tail -n 22 "$out/sense.log" "$out/painter.log"
# Pieces small enough for places that take back small files alone; `cat sense.pt.*` puts them together again.
split -d -b 15M "$out/sense.pt" "$out/sense.pt."
exit "$ended"
