// The tags that any run or job was given when it ran, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
MATCH (e:Execution)
WHERE any(tag IN coalesce(e.tags, []) WHERE tag STARTS WITH $beginning)
RETURN 'execution' AS kind, e.id AS key, e.tags AS tags, e.started AS at, e.user AS user
UNION ALL
MATCH (j:Job)
WHERE j.tags IS NOT NULL AND any(tag IN j.tags WHERE tag STARTS WITH $beginning)
OPTIONAL MATCH (e:Execution {id: j.execution_id})
RETURN 'job' AS kind, j.id AS key, j.tags AS tags, j.started AS at, e.user AS user
