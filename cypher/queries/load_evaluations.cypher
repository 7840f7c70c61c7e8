// Single reductions; the newest result of each wins, so an edge to another value goes. (load_reductions adds the new one.)
// Parameters: $rows of [eval_hash, task_hash, value_hash, recorded at (microseconds), directory or null].
UNWIND $rows AS r
WITH r, datetime({epochSeconds: r[3] / 1000000, nanosecond: (r[3] % 1000000) * 1000}) AS at
MERGE (e:Evaluation {eval_hash: r[0]})
ON CREATE SET e.task_hash = r[1], e.recorded_at = at
WITH e, r, at
WHERE e.recorded_at <= at
SET e.recorded_at = at, e.directory = r[4]
WITH e, r
MATCH (e)-[old:REDUCED_TO]->(v:Value)
WHERE v.value_hash <> r[2]
DELETE old
