// The results of single reductions that have none (load_evaluations took away those that are no longer right).
// Parameters: $rows of [eval_hash, task_hash, value_hash, recorded at (microseconds)].
UNWIND $rows AS r
MATCH (e:Evaluation {eval_hash: r[0]})
WHERE NOT EXISTS { (e)-[:REDUCED_TO]->() }
MATCH (v:Value {value_hash: r[2]})
CREATE (e)-[:REDUCED_TO]->(v)
