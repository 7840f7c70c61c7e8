// The newest executions, newest first.
// Parameters: $limit.
MATCH (e:Execution)
RETURN e.id AS id, e.command AS label, e.started AS at
ORDER BY at DESC, id DESC LIMIT $limit
