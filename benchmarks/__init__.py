"""headwater against its peer, as whole processes: `make bench`."""
