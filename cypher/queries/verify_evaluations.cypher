// Single reductions for comparison with their records.
// Parameters: $keys (evaluation hashes), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (e:Evaluation {eval_hash: key})
OPTIONAL MATCH (e)-[:REDUCED_TO]->(v:Value)
WITH key, e, collect(v.value_hash) AS values
RETURN key, [name IN keys(e) WHERE NOT name IN $properties] AS extra,
       e.task_hash AS task_hash, e.recorded_at AS recorded_at, e.directory AS directory, values
