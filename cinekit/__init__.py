"""cinekit: short videos to cinemagraphs."""
