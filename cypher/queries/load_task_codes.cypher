// What a task reads; left alone where the graph knows already, or knows the task with other names of what counts.
// Parameters: $rows of [task_hash, counted, [code_hash, ...]].
UNWIND $rows AS r
MATCH (t:Task {task_hash: r[0]})
WHERE t.counted = r[1] AND NOT EXISTS { (t)-[:READS]->() }
WITH t, r[2] AS codes
UNWIND codes AS code_hash
MATCH (c:Code {code_hash: code_hash})
CREATE (t)-[:READS]->(c)
