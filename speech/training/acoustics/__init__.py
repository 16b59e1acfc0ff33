"""Rooms, microphones and noise around synthesised speech."""
