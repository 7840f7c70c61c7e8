// The tags that jobs were given when they ran, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job)
WHERE j.tags IS NOT NULL AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
  AND any(tag IN j.tags WHERE tag STARTS WITH $beginning)
OPTIONAL MATCH (e:Execution {id: j.execution_id})
RETURN 'job' AS kind, j.id AS key, j.tags AS tags, j.started AS at, e.user AS user
