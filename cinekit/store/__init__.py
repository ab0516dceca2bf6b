"""What is kept on disk: files that appear whole, archives, the cache, weights."""
