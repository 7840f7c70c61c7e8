// One job: what it ended with, and the call that it made.
// Parameters: $id.
MATCH (j:Job {id: $id})
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN c.call_hash AS call, j.status AS status, j.error AS error, j.executor AS executor, j.attempt AS attempt,
       j.reason AS reason
