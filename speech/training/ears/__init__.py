"""The built-in speech model: Whisper's architecture, small, on its own vocabulary."""
