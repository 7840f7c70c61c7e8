// The tags that runs were given when they ran, as key=value, where one begins so; the columns of tags_given.
// Parameters: $beginning.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE ($as_of IS NULL OR e.started <= $as_of)
  AND any(tag IN coalesce(e.tags, []) WHERE tag STARTS WITH $beginning)
RETURN 'execution' AS kind, e.id AS key,
       [i IN range(0, size(coalesce(e.tags, [])) - 1) WHERE $as_of IS NULL OR coalesce(e.tags_at[i], e.started) <= $as_of | e.tags[i]] AS tags, e.started AS at, e.user AS user
