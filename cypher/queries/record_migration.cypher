// Say that a migration has been run. Parameters: $version, $checksum.
MERGE (s:SchemaVersion {version: $version})
ON CREATE SET s.applied_at = datetime(), s.checksum = $checksum
