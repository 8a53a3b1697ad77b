"""The nouns that travel between stages: scenes, narrations, speech. It knows no stage."""
