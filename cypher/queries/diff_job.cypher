// One job: what it ended with, and the call that it made.
// Parameters: $id.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job {id: $id})
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN c.call_hash AS call, CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, CASE WHEN j.finished > $as_of THEN null ELSE j.error END AS error, j.executor AS executor, j.attempt AS attempt,
       CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason
