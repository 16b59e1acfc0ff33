"""The built-in speech model: Whisper tiny.en, trained on with what visitors say."""
