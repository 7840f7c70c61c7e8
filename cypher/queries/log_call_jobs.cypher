// The jobs that made a call, or were answered with it, newest first.
// Parameters: $call, $limit.
MATCH (j:Job)-[:MADE]->(:CallNode {call_hash: $call})
RETURN j.id AS id, j.execution_id AS execution, j.status AS status, j.started AS started
ORDER BY started DESC LIMIT $limit
