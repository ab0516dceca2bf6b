"""The plugin side: hooks, the registry, option files, and how a component is built."""
