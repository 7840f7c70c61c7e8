// The tags that the runs which began since a moment were given, their jobs, and the values that these took or gave; the columns
// of tags_given.
// Parameters: $since.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of) AND size(coalesce(e.tags, [])) > 0
RETURN 'execution' AS kind, e.id AS key,
       [i IN range(0, size(coalesce(e.tags, [])) - 1) WHERE $as_of IS NULL OR coalesce(e.tags_at[i], e.started) <= $as_of | e.tags[i]] AS tags, e.started AS at, e.user AS user
UNION ALL
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})
WHERE j.tags IS NOT NULL AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
RETURN 'job' AS kind, j.id AS key, j.tags AS tags, j.started AS at, e.user AS user
UNION ALL
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE $as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of
WITH DISTINCT c
MATCH (c)-[:TOOK|RETURNED]->(v:Value)
WHERE v.tags IS NOT NULL
WITH DISTINCT v
UNWIND range(0, size(v.tags) - 1) AS i
WITH v, i WHERE $as_of IS NULL OR v.tags_at[i] IS NULL OR v.tags_at[i] <= $as_of
RETURN 'value' AS kind, v.value_hash AS key, [v.tags[i]] AS tags,
       CASE WHEN v.tags_at[i] > datetime({epochSeconds: 0}) THEN v.tags_at[i] END AS at, null AS user
