// The root job of an execution, with the call it made.
// Parameters: $id.
MATCH (e:Execution {id: $id})-[:STARTED]->(j:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN j.id AS job, c.call_hash AS call
