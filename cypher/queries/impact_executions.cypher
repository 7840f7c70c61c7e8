// Some executions, newest first.
// Parameters: $keys (ids).
UNWIND $keys AS key
MATCH (e:Execution {id: key})
RETURN e.id AS id, e.status AS status, e.started AS started, e.user AS user, e.host AS host, e.command AS command
ORDER BY started DESC, id DESC
