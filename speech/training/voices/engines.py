"""One function per synthesiser: text and a `Voice` -> samples at 16 kHz, f32 in -1..1.

espeak-ng runs inside the process, through its C library; the others are programs started once a sentence (festival:
once a batch).  A voice's manner (rate, pitch, pauses) is drawn anew for every sentence.
"""
import ctypes
import ctypes.util
import io
import pathlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import numpy as np
import scipy.io.wavfile
import scipy.signal

RATE_HZ = 16_000
# How long a program may take: for one sentence, and for festival's batch of them.
SENTENCE_S, BATCH_S = 60, 600


@dataclass(frozen=True)
class Voice:
    """`engine`/`name`; `weight` is how often it speaks, `held_out` that training never hears it."""

    engine: str
    name: str
    weight: float = 1.0
    held_out: bool = False

    def __str__(self):
        return f"{self.engine}/{self.name}"


def _voices():
    accents = ["en-us"] * 3 + ["en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-029", "en-us-nyc"]
    variants = [
        "", "m1", "m2", "m3", "m4", "m5", "m7", "m8", "f1", "f2", "f3", "f4", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Diogo", "Gene", "Henrique", "Hugo", "Jacky",
        "Lee", "Marco", "Michael", "Mike", "adam", "anika", "announcer", "antonio", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "iven",
        "john", "klatt", "klatt2", "klatt4", "linda", "max", "michel", "miguel", "pablo", "paul", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis", "victor", "zac",
    ]
    kept_back = ["m6", "f5", "aunty", "edward2", "steph2"]
    for n, variant in enumerate(variants + kept_back):
        for accent in dict.fromkeys((accents[n % len(accents)], accents[(n * 5 + 2) % len(accents)])):
            yield Voice("espeak", f"{accent}+{variant}" if variant else accent, 0.44 / 120, variant in kept_back)
    yield from (Voice("flite", name, weight) for name, weight in (("kal16", 0.03), ("kal", 0.01), ("slt", 0.08), ("awb", 0.08)))
    yield Voice("flite", "rms", held_out=True)
    yield from (Voice("rhvoice", name, weight) for name, weight in (("alan", 0.08), ("bdl", 0.08), ("slt", 0.07)))
    yield Voice("rhvoice", "clb", held_out=True)
    yield from (Voice("festival", name, 0.03) for name in ("cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone"))
    yield from (Voice("pico", name, 0.06) for name in ("en-US", "en-GB"))


VOICES = list(_voices())


def available():
    """Names of the engines that are installed."""
    programs = {"flite": "flite", "rhvoice": "RHVoice-test", "festival": "festival", "pico": "pico2wave"}
    engines = {engine for engine, program in programs.items() if shutil.which(program)}
    return engines | ({"espeak"} if ctypes.util.find_library("espeak-ng") or _espeak_file() else set())


def speak(voice, texts, rng):
    """A list of sounds, one for each text; None where the engine made none."""
    if voice.engine == "espeak":
        return [Espeak.get().speak(voice.name, text, rng) for text in texts]
    if voice.engine == "festival":
        return _festival(voice.name, texts, rng)
    return [_programs[voice.engine](voice.name, text, rng) for text in texts]


def resampled(samples, rate_hz):
    """int16 or f32 at any rate to f32 at 16 kHz."""
    samples = samples.astype(np.float32) / (32_768 if samples.dtype == np.int16 else 1)
    if rate_hz == RATE_HZ or not len(samples):
        return samples
    divisor = np.gcd(rate_hz, RATE_HZ)
    return scipy.signal.resample_poly(samples, RATE_HZ // divisor, rate_hz // divisor).astype(np.float32)


def _espeak_file():
    return next(iter(pathlib.Path("/usr/lib").glob("*/libespeak-ng.so.1")), None)


class Espeak:
    """The library; it has one state a process, hence one object."""

    _only = None
    _CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    _SYNCHRONOUS, _UTF8 = 2, 1
    _RATE, _PITCH, _RANGE, _WORDGAP = 1, 3, 4, 7

    @classmethod
    def get(cls):
        cls._only = cls._only or cls()
        return cls._only

    def __init__(self):
        self._library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or str(_espeak_file()))
        self._rate_hz = self._library.espeak_Initialize(self._SYNCHRONOUS, 0, None, 0)
        if self._rate_hz <= 0:
            raise RuntimeError("espeak-ng finds no data: install espeak-ng-data")
        self._pieces = []
        self._callback = self._CALLBACK(self._take)  # kept, else it is collected while the library calls it
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples, count, _events):
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, name, text, rng):
        library = self._library
        if library.espeak_SetVoiceByName(name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {name}")
        for parameter, value in (
            (self._RATE, rng.integers(125, 215)), (self._PITCH, rng.integers(25, 75)),
            (self._RANGE, rng.integers(25, 80)), (self._WORDGAP, rng.choice([0, 0, 0, 1, 3])),
        ):
            library.espeak_SetParameter(parameter, int(value), 0)
        self._pieces = []
        data = text.encode()
        library.espeak_Synth(data, len(data) + 1, 0, 1, 0, self._UTF8, None, None)
        library.espeak_Synchronize()
        return resampled(np.concatenate(self._pieces), self._rate_hz) if self._pieces else None


def _read(data):
    """The samples of a WAV file's bytes, or None."""
    try:
        rate_hz, samples = scipy.io.wavfile.read(io.BytesIO(data))
    except ValueError:
        return None
    return resampled(samples, rate_hz)


def _run_into_file(command, text=None):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = [part.format(file=file.name) for part in command]
        try:
            done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=SENTENCE_S)
        except subprocess.TimeoutExpired:
            return None
        return _read(pathlib.Path(file.name).read_bytes()) if done.returncode == 0 else None


def _flite(name, text, rng):
    stretch, pitch = rng.uniform(0.8, 1.25), rng.uniform(0.85, 1.2)
    base = {"slt": 170, "rms": 95, "awb": 120}.get(name, 100)
    command = ["flite", "-voice", name, "--setf", f"duration_stretch={stretch:.2f}"]
    if name in ("kal", "kal16"):
        command += ["--setf", f"int_f0_target_mean={base * pitch:.0f}"]
    return _run_into_file([*command, "-t", text, "-o", "{file}"])


def _rhvoice(name, text, rng):
    rate, pitch = rng.integers(80, 130), rng.integers(85, 116)
    return _run_into_file(["RHVoice-test", "-p", name, "-R", str(RATE_HZ), "-r", str(rate), "-t", str(pitch), "-o", "{file}"], text + ".")


def _pico(name, text, rng):
    speed, pitch = rng.integers(80, 130), rng.integers(80, 125)
    return _run_into_file(["pico2wave", "-l", name, "-w", "{file}", f'<speed level="{speed}"><pitch level="{pitch}">{text}</pitch></speed>'])


_programs = {"flite": _flite, "rhvoice": _rhvoice, "pico": _pico}


def _festival(name, texts, rng):
    """One process for all texts: it takes a second to start."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"(voice_{name})"]
        for n, text in enumerate(texts):
            lines.append(f"(Parameter.set 'Duration_Stretch {rng.uniform(0.8, 1.25):.2f})")
            lines.append(f'(utt.save.wave (SynthText2 "{text}") "{folder}/{n}.wav" \'riff)')
        define = "(define (SynthText2 text) (utt.synth (eval (list 'Utterance 'Text text))))"
        script = pathlib.Path(folder) / "speak.scm"
        script.write_text("\n".join([define, *lines]))
        try:
            subprocess.run(["festival", "-b", str(script)], capture_output=True, timeout=BATCH_S)
        except subprocess.TimeoutExpired:
            return [None] * len(texts)
        files = (pathlib.Path(folder) / f"{n}.wav" for n in range(len(texts)))
        return [_read(file.read_bytes()) if file.exists() else None for file in files]
