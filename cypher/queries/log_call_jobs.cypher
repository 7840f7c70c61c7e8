// The jobs that made a call, or were answered with it, newest first.
// Parameters: $call, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job)-[:MADE]->(:CallNode {call_hash: $call})
WHERE ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
RETURN j.id AS id, j.execution_id AS execution, CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, j.started AS started
ORDER BY started DESC LIMIT $limit
