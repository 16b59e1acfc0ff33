# What the scripts beside this share; sourced by them from the repository's root or below.

# What a program is given with REQUIRE_GPU=1.
required=()
[[ -z ${REQUIRE_GPU:-} ]] || required=(--require-gpu)

# program VARIABLE PACKAGE NAME: sets `program` to the one the variable names, or builds it. Else `reason` says why there is
# none, and `without` is the exit status of that: 0 if only the means are missing and no GPU is required.
program() {
    local named=${!1:-}
    without=1
    if [[ -n $named ]]; then
        [[ -f $named && -x $named ]] || { reason="$1 names no program: $named"; return 1; }
        program=$(realpath "$named")
    elif command -v cargo >/dev/null; then
        cargo build --release --locked -p "$2" --bin "$3" || { reason="cargo could not build $3"; return 1; }
        program=${CARGO_TARGET_DIR:-target}/release/$3
    else
        reason="cargo is not installed, and $1 names no $3 that was built elsewhere"
        without=${#required[@]}
        return 1
    fi
}

# shards WHAT GLOB SECONDS COMMAND...: makes more training data for at most so long. Being stopped by the time limit is as
# it should be; after any other failure the shards that are there already will do. Where there are none it ends with the
# reason.
shards() {
    local what=$1 glob=$2 seconds=$3 code=0 ended
    shift 3
    timeout "$seconds" "$@" || code=$?
    case $code in
        0) ended="made none" ;;
        124) ended="had not made a whole shard after $seconds s" ;;
        *) ended="ended with $code, for the reason above" ;;
    esac
    if ! compgen -G "$glob" >/dev/null; then
        echo "there are no $what: \"$*\" $ended, and nothing matches $glob" >&2
        exit 1
    fi
    case $code in 0 | 124) ;; *) echo "going on with the $what that match $glob: \"$*\" $ended" >&2 ;; esac
}
