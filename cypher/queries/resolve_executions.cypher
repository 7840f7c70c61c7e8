// The newest executions, newest first.
// Parameters: $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE ($as_of IS NULL OR e.started <= $as_of)
RETURN e.id AS id, e.command AS label, e.started AS at
ORDER BY at DESC, id DESC LIMIT $limit
