// The migrations that the graph has been through.
MATCH (s:SchemaVersion)
RETURN s.version AS version, s.checksum AS checksum
ORDER BY version
