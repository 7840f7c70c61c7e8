// A job with the call it made.
// Parameters: $id.
MATCH (j:Job {id: $id})
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN j.id AS job, c.call_hash AS call
