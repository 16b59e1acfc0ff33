"""Sentences to sound, with the free voices that Debian packages: espeak-ng, flite, festival, RHVoice, Pico."""
