// The calls that an execution ran itself, rather than take them from the cache.
// Parameters: $id.
MATCH (j:Job {execution_id: $id})-[:MADE]->(c:CallNode)
WHERE j.status <> 'CACHED'
RETURN DISTINCT c.call_hash AS call
