// Task definitions, and what they read, for comparison with their records.
// Parameters: $keys (task hashes), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (t:Task {task_hash: key})
OPTIONAL MATCH (t)-[:READS]->(c:Code)
WITH key, t, collect(c.code_hash) AS reads
RETURN key, [name IN keys(t) WHERE NOT name IN $properties] AS extra,
       t.name AS name, t.namespace AS namespace, t.fullname AS fullname, t.version AS version, t.source AS source,
       t.options AS options, t.counted AS counted, t.uncounted AS uncounted, reads
