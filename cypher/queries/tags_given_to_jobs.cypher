// The tags that jobs were given when they ran, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
MATCH (j:Job)
WHERE j.tags IS NOT NULL AND any(tag IN j.tags WHERE tag STARTS WITH $beginning)
OPTIONAL MATCH (e:Execution {id: j.execution_id})
RETURN 'job' AS kind, j.id AS key, j.tags AS tags, j.started AS at, e.user AS user
