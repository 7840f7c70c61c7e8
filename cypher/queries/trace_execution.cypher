// The root job of an execution, with the call it made.
// Parameters: $id.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution {id: $id})-[:STARTED]->(j:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN j.id AS job, c.call_hash AS call
