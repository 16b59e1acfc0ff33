import numpy as np
import pytest

from acoustics import noise, rooms


def tone(hz, seconds=1.0):
    return np.sin(2 * np.pi * hz * np.arange(int(16_000 * seconds)) / 16_000).astype(np.float32)


def peak_hz(samples):
    return np.abs(np.fft.rfft(samples)).argmax() * 16_000 / len(samples)


@pytest.mark.parametrize("kind", noise.KINDS)
def test_noises_have_unit_power_and_differ(kind):
    first, second = (noise.make(kind, np.random.default_rng(seed), 16_000) for seed in (1, 2))
    assert np.isfinite(first).all() and (first**2).mean() == pytest.approx(1, rel=1e-3)
    assert not np.array_equal(first, second)


def test_an_unknown_noise_is_named():
    with pytest.raises(ValueError, match="snow"):
        noise.make("snow", np.random.default_rng(0), 100)


def test_pink_noise_falls_by_three_decibels_an_octave():
    power = np.abs(np.fft.rfft(noise.make("pink", np.random.default_rng(3), 1 << 17))) ** 2
    hz = np.fft.rfftfreq(1 << 17, 1 / 16_000)
    octave = [10 * np.log10(power[(hz > low) & (hz < 2 * low)].mean()) for low in (200, 400, 800, 1_600)]
    assert np.diff(octave) == pytest.approx(-3, abs=0.5)


def test_faster_is_shorter_and_higher():
    quick = rooms.faster(tone(400), 1.25)
    assert len(quick) == 12_800 and peak_hz(quick) == pytest.approx(500, abs=2)


def test_a_ratio_is_what_it_says():
    voiced = slice(4_000, 12_000)
    speech = np.zeros(16_000, np.float32)
    speech[voiced] = tone(300, 0.5)
    other = noise.make("white", np.random.default_rng(1), 16_000)
    added = rooms.at_ratio(speech, other, 10, voiced) - speech
    assert 10 * np.log10((speech[voiced] ** 2).mean() / (added**2).mean()) == pytest.approx(10, abs=0.2)


def test_a_room_rings_and_keeps_the_length():
    click = np.zeros(8_000, np.float32)
    click[1_000] = 1
    heard = rooms.filtered(click, np.random.default_rng(4))
    assert len(heard) == 8_000
    assert np.abs(heard[1_500:4_000]).max() > 1e-5
    assert np.abs(heard[:900]).max() < 0.3 * np.abs(heard).max()


def test_what_is_heard_is_finite_bounded_and_repeatable():
    bank = noise.Bank(lambda rng: tone(rng.uniform(100, 400)), each=1, length_s=1.0)
    for seed in range(40):
        first, again = (rooms.heard(tone(200), np.random.default_rng(seed), bank) for _ in range(2))
        assert np.array_equal(first, again) and np.isfinite(first).all() and np.abs(first).max() <= 1
        assert len(first) > 0.25 * 16_000 + 13_000
        silence = rooms.nothing(np.random.default_rng(seed), bank)
        assert np.isfinite(silence).all() and len(silence) >= 12_800
