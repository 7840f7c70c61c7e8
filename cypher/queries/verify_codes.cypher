// Helpers, classes and constants for comparison with their records.
// Parameters: $keys (code hashes), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (c:Code {code_hash: key})
RETURN key, [name IN keys(c) WHERE NOT name IN $properties] AS extra,
       c.name AS name, c.kind AS kind, c.digest AS digest, c.source AS source
