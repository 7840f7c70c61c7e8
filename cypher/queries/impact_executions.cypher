// Some executions, newest first.
// Parameters: $keys (ids).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (e:Execution {id: key})
RETURN e.id AS id, CASE WHEN e.finished > $as_of THEN 'RUNNING' ELSE e.status END AS status, e.started AS started, e.user AS user, e.host AS host, e.command AS command
ORDER BY started DESC, id DESC
