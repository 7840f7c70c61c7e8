// Values and the files they refer to, for comparison with their records.
// Parameters: $keys (value hashes), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (v:Value {value_hash: key})
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
// Collected beside the node alone: the local graph takes equal byte strings for different ones when it groups by them.
WITH key, v, collect(f.file_hash) AS files
RETURN key, [name IN keys(v) WHERE NOT name IN $properties] AS extra,
       v.type AS type, v.codec AS codec, v.size AS size, v.preview AS preview, v.bytes AS bytes,
       v.location AS location, files
