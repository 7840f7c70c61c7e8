// The tags that runs, jobs and values were given by runs, as key=value.
// Parameters: $keys (ids of executions and jobs, hashes of values). Rows: kind, id, tags, when it began, who ran it.
UNWIND $keys AS key
MATCH (e:Execution {id: key})
WHERE size(coalesce(e.tags, [])) > 0
RETURN 'execution' AS kind, key, e.tags AS tags, e.started AS at, e.user AS user
UNION ALL
UNWIND $keys AS key
MATCH (j:Job {id: key})
WHERE j.tags IS NOT NULL
OPTIONAL MATCH (e:Execution {id: j.execution_id})
RETURN 'job' AS kind, key, j.tags AS tags, j.started AS at, e.user AS user
UNION ALL
UNWIND $keys AS key
MATCH (v:Value {value_hash: key})
WHERE v.tags IS NOT NULL
RETURN 'value' AS kind, key, v.tags AS tags, null AS at, null AS user
