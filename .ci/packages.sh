# Sourced by run and test, with `root` set to the repository's folder: says which system packages are missing and why, and installs them.
#
#   want "WHY" PACKAGE...   notes the packages that are not installed
#   want_program            the same for all that building and running the program takes
#   install_wanted          tells, asks where somebody can answer, installs
#   require_rust            checks for cargo of the version that rust-toolchain.toml names
#   free_gib FOLDER         prints how many GiB are free where FOLDER is
#   require_space FOLDER GIB WHAT
#                           ends with a clear word where fewer are free

missing=()
reasons=()

have() { command -v "$1" >/dev/null 2>&1; }

is_debian() { have dpkg-query && have apt-get; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# Ubuntu 24.04 renamed some libraries (a t64 at the end); either will do.
want() {
    local why=$1 package found=()
    shift
    is_debian || return 0
    for package in "$@"; do
        is_installed "$package" || is_installed "${package}t64" || found+=("$package")
    done
    if [ ${#found[@]} -gt 0 ]; then
        missing+=("${found[@]}")
        reasons+=("  ${found[*]}: $why")
    fi
}

# What building takes, and what the window needs to open.
want_program() {
    want "a C compiler and linker, for the parts in C" gcc g++ libc6-dev make cmake pkg-config
    want "to record from microphones" libasound2-dev
    if is_debian && ! dpkg-query -W -f='${db:Status-Status}\n' 'libclang-[0-9]*-dev' 2>/dev/null | grep -q '^installed'; then
        want "to read the kernel's camera headers when the camera code is built" libclang-dev
    fi
    want "to open a window" libx11-6 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1
}

install_wanted() {
    if ! is_debian; then
        echo "This is not Debian or Ubuntu: README.md lists the packages to install by hand. Going on." >&2
        return 0
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Missing system packages, to be installed with apt-get:" >&2
    printf '%s\n' "${reasons[@]}" >&2
    if [ "${OTHERGLASS_NO_INSTALL:-}" = 1 ]; then
        echo "OTHERGLASS_NO_INSTALL is set, so nothing is installed:  sudo apt-get install ${missing[*]}" >&2
        return 0
    fi
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! have sudo; then
            echo "Neither root nor sudo. As root:  apt-get install ${missing[*]}" >&2
            exit 1
        fi
        sudo=(sudo)
    fi
    if [ -t 0 ] && [ -t 2 ] && [ -z "${CI:-}" ]; then
        local answer
        read -r -p "Install them now? [Y/n] " answer
        case $answer in
            [nN]*) echo "Nothing installed. By hand:  sudo apt-get install ${missing[*]}" >&2; exit 1 ;;
        esac
    fi
    if ! apt_get "${sudo[@]}" -- install -y --no-install-recommends "${missing[@]}"; then
        # The package lists may be old or absent, as in a fresh container.
        apt_get "${sudo[@]}" -- update
        apt_get "${sudo[@]}" -- install -y --no-install-recommends "${missing[@]}"
    fi
    missing=()
    reasons=()
}

free_gib() { echo $(($(df -Pk "$1" | awk 'NR == 2 { print $4 }') / 1024 / 1024)); }

require_space() {
    local free
    free=$(free_gib "$1")
    if [ "$free" -lt "$2" ]; then
        echo "$3 need $2 GiB of disk in $1, and $free GiB are free. Make room (cargo clean removes what was built) and start again." >&2
        exit 1
    fi
}

# apt_get [sudo] -- ARGUMENTS
apt_get() {
    local sudo=()
    while [ "$1" != -- ]; do sudo+=("$1"); shift; done
    shift
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" >&2
}

require_rust() {
    local wanted
    wanted=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$root/rust-toolchain.toml")
    if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then
        PATH=$HOME/.cargo/bin:$PATH
    fi
    if ! have cargo && is_debian; then
        if [ -n "$(apt-cache policy rustup 2>/dev/null | sed -n 's/^ *Candidate: *//p' | grep -v none || true)" ]; then
            want "Rust's own installer; it fetches Rust $wanted, which Otherglass is written in" rustup
            install_wanted
        fi
    fi
    if ! have cargo && have rustup; then
        rustup toolchain install "$wanted" --profile minimal --component rustfmt --component clippy >&2
        PATH=$HOME/.cargo/bin:$PATH
        # rustup installed by the distribution has its proxies beside itself.
        have cargo || PATH=$(dirname "$(rustup which cargo)"):$PATH
    fi
    if ! have cargo; then
        echo "Rust is missing and this system has no rustup package. Install it the official way (https://rustup.rs):" >&2
        echo "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2
        echo "then open a new terminal and start again." >&2
        exit 1
    fi
    # With rustup, rust-toolchain.toml chooses (and fetches) the version by itself; a distribution's cargo does not.
    local version
    version=$(cargo --version | cut -d' ' -f2)
    if [ "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n1)" != "$wanted" ]; then
        echo "Rust $version is too old, $wanted is needed. Install rustup (https://rustup.rs) and start again." >&2
        exit 1
    fi
}
