#!/usr/bin/env python3
"""Compiles every kernel for every target, and writes down what came out.

    python3 kernels/build_fatbin.py             compile; writes assets/kernels/ and kernels/resources.toml
    python3 kernels/build_fatbin.py --check     compile elsewhere and compare registers and spills with resources.toml
    python3 kernels/build_fatbin.py --install   first put the pinned compiler into its environment (500 MB from PyPI)

The environment is .venv-nvcc at the repository's root, or the folder that OTHERGLASS_NVCC_VENV names. Without the
compiler --check says "skipped: ..." and succeeds; the committed binaries are what the program uses.

A fat binary holds machine code for each of TARGETS and PTX for what comes after them. manifest.toml records the hashes
of all sources and binaries; a Rust test (tests/compiled.rs) fails when they disagree.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "kernels" / "src"
ASSETS = ROOT / "assets" / "kernels"
MANIFEST = ASSETS / "manifest.toml"
RESOURCES = ROOT / "kernels" / "resources.toml"

# Without the pins of nvvm and crt the parts are of different versions, and ptxas refuses the newer PTX.
PACKAGES = ["cuda-toolkit[nvcc,cudart,cccl,nvrtc]==13.0.2", "nvidia-nvvm==13.0.88", "nvidia-cuda-crt==13.0.88"]
VERSION = "V13.0.88"
TARGETS = ["80", "86", "89", "90a", "100a", "120"]
PTX = "80"
FLAGS = ["-std=c++17", "-O3", "-Werror=all-warnings", "-Xptxas=-v,-warn-spills", "-Xfatbin=-compress-all"]


def kernels():
    """Names of the kernels: folders that hold a source of the same name."""
    return sorted(source.stem for source in SOURCES.glob("*/*.cu") if source.stem == source.parent.name)


def sources():
    return sorted(path for path in SOURCES.rglob("*") if path.suffix in (".cu", ".cuh"))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def environment():
    return Path(os.environ.get("OTHERGLASS_NVCC_VENV", ROOT / ".venv-nvcc"))


def compiler():
    """The pinned nvcc, or None and why there is none."""
    found = sorted(environment().glob("lib/python*/site-packages/nvidia/cu13/bin/nvcc"))
    if not found:
        return None, "the pinned nvcc is not installed (kernels/build_fatbin.py --install)"
    said = subprocess.run([found[0], "--version"], capture_output=True, text=True).stdout
    if VERSION not in said:
        return None, f"nvcc {VERSION} is wanted, the environment holds another"
    return found[0], None


def install():
    print(f"Installing {', '.join(PACKAGES)} into {environment()} ...", file=sys.stderr)
    venv.create(environment(), with_pip=True)
    subprocess.run([environment() / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)


def compile_kernel(nvcc, name, to):
    """One fat binary; what the assembler says of each function and target: {(function, target): {...}}."""
    targets = [f"-gencode=arch=compute_{t},code=sm_{t}" for t in TARGETS] + [f"-gencode=arch=compute_{PTX},code=compute_{PTX}"]
    # From the sources' folder and with a relative name, so that nothing in the binary depends on where this runs.
    command = [nvcc, "-fatbin", *FLAGS, *targets, f"{name}/{name}.cu", "-o", to]
    path = f"{nvcc.parent}:{os.environ.get('PATH', '')}"
    done = subprocess.run(command, cwd=SOURCES, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name}.cu does not compile:\n{done.stdout}{done.stderr}")
    found, function = {}, None
    for line in (done.stdout + done.stderr).splitlines():
        if match := re.search(r"Compiling entry function '(\w+)' for '(\w+)'", line):
            function = match.groups()
            found[function] = {}
        elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            stack, stores, loads = map(int, match.groups())
            found[function] |= {"stack_bytes": stack, "spill_bytes": stores + loads}
        elif match := re.search(r"Used (\d+) registers", line):
            shared = re.search(r"(\d+) bytes smem", line)
            found[function] |= {"registers": int(match[1]), "static_shared_bytes": int(shared[1]) if shared else 0}
    return found


def compile_all(nvcc, folder):
    """All fat binaries into a folder; {kernel: {function: {target: {...}}}}."""
    table = {}
    for name in kernels():
        functions = {}
        for (function, target), numbers in compile_kernel(nvcc, name, folder / f"{name}.fatbin").items():
            functions.setdefault(function, {})[target] = numbers
        table[name] = functions
        print(f"{name}: {len(functions)} functions, {(folder / f'{name}.fatbin').stat().st_size // 1024} KB", file=sys.stderr)
    return table


def write_resources(table):
    lines = [
        "# Written by build_fatbin.py: what each function takes on each target, as the assembler says. Shared memory that a",
        "# launcher asks for at run time is in src/common/mod.rs and in the launchers; none asks for more than 48 KiB.",
    ]
    for kernel, functions in sorted(table.items()):
        for function, targets in sorted(functions.items()):
            lines.append(f"\n[{kernel}.{function}]")
            for target, numbers in sorted(targets.items()):
                inside = ", ".join(f"{key} = {numbers[key]}" for key in sorted(numbers))
                lines.append(f"{target} = {{ {inside} }}")
    RESOURCES.write_text("\n".join(lines) + "\n")


def write_manifest():
    lines = [
        "# Written by kernels/build_fatbin.py.",
        f'compiler = "nvcc {VERSION}"',
        f"flags = {json.dumps(FLAGS)}",
        f"targets = {json.dumps([f'sm_{target}' for target in TARGETS])}",
        f'ptx = "compute_{PTX}"',
        "\n[sources]",
        *(f'"{path.relative_to(SOURCES).as_posix()}" = "{sha256(path)}"' for path in sources()),
        "\n[binaries]",
        *(f'"{binary.name}" = "{sha256(binary)}"' for binary in sorted(ASSETS.glob("*.fatbin"))),
    ]
    MANIFEST.write_text("\n".join(lines) + "\n")


def differences(table, committed):
    """What differs between two tables, in words."""
    for kernel in sorted(table.keys() | committed.keys()):
        ours, theirs = table.get(kernel, {}), committed.get(kernel, {})
        for function in sorted(ours.keys() | theirs.keys()):
            for target in sorted(ours.get(function, {}).keys() | theirs.get(function, {}).keys()):
                new, old = ours.get(function, {}).get(target), theirs.get(function, {}).get(target)
                if new != old:
                    yield f"{function} for {target}: now {new}, resources.toml says {old}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args()
    if options.install and compiler()[0] is None:
        install()
    nvcc, missing = compiler()
    if nvcc is None:
        if options.check:
            print(f"skipped: kernels compiled again: {missing}")
            return
        sys.exit(missing)
    if not options.check:
        ASSETS.mkdir(parents=True, exist_ok=True)
        table = compile_all(nvcc, ASSETS)
        write_resources(table)
        write_manifest()
        return
    import tomllib  # Python 3.11; not needed to say that something is skipped

    with tempfile.TemporaryDirectory() as folder:
        table = compile_all(nvcc, Path(folder))
        different = list(differences(table, tomllib.loads(RESOURCES.read_text())))
        same = sum((Path(folder) / f"{name}.fatbin").read_bytes() == (ASSETS / f"{name}.fatbin").read_bytes() for name in kernels())
    if different:
        sys.exit("\n".join(different + ["Compile again with kernels/build_fatbin.py and commit what it writes."]))
    print(f"registers and spills are those of resources.toml; {same} of {len(kernels())} binaries are the same, byte by byte")


if __name__ == "__main__":
    main()
