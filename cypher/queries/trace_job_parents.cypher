// The parents of jobs, with the calls these made.
// Parameters: $keys (job ids).
UNWIND $keys AS key
MATCH (j:Job {id: key})<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (p)-[:MADE]->(c:CallNode)
RETURN key, p.id AS parent, c.call_hash AS call
