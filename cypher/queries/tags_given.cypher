// The tags that runs, jobs and values were given by runs, as key=value.
// Parameters: $keys (ids of executions and jobs, hashes of values). Rows: kind, id, tags, when it began, who ran it; of a value, a
// row a tag, with when that was given first (null where it is not known).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (e:Execution {id: key})
WITH key, e, [i IN range(0, size(coalesce(e.tags, [])) - 1) WHERE $as_of IS NULL OR coalesce(e.tags_at[i], e.started) <= $as_of | e.tags[i]] AS tags
WHERE size(tags) > 0
RETURN 'execution' AS kind, key, tags, e.started AS at, e.user AS user
UNION ALL
UNWIND $keys AS key
MATCH (j:Job {id: key})
WHERE j.tags IS NOT NULL AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
OPTIONAL MATCH (e:Execution {id: j.execution_id})
RETURN 'job' AS kind, key, j.tags AS tags, j.started AS at, e.user AS user
UNION ALL
UNWIND $keys AS key
MATCH (v:Value {value_hash: key})
WHERE v.tags IS NOT NULL
UNWIND range(0, size(v.tags) - 1) AS i
WITH key, v, i WHERE $as_of IS NULL OR v.tags_at[i] IS NULL OR v.tags_at[i] <= $as_of
RETURN 'value' AS kind, key, [v.tags[i]] AS tags,
       CASE WHEN v.tags_at[i] > datetime({epochSeconds: 0}) THEN v.tags_at[i] END AS at, null AS user
