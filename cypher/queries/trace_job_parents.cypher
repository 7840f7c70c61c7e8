// The parents of jobs, with the calls these made.
// Parameters: $keys (job ids).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (j:Job {id: key})<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (p)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR p.finished <= $as_of
RETURN key, p.id AS parent, c.call_hash AS call
