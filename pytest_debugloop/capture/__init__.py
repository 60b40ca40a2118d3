"""What a snapshot holds: any object as bounded JSON, frames, fixtures, fingerprints."""
