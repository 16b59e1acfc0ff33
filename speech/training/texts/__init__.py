"""What visitors say to the mirror: sentences from a grammar, from dialogues, and plain speech that asks for nothing."""
