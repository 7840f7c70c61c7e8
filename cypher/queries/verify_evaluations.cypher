// Single reductions for comparison with their records.
// Parameters: $keys (evaluation hashes).
UNWIND $keys AS key
MATCH (e:Evaluation {eval_hash: key})
OPTIONAL MATCH (e)-[:REDUCED_TO]->(v:Value)
RETURN key, e.task_hash AS task_hash, e.recorded_at AS recorded_at, collect(v.value_hash) AS values
