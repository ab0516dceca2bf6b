"""Options of this plugin, on the search path of `cinekit make`."""
