"""The tests; a package of its own, because an installed distribution brings another one of this name."""
