// Jobs of which nothing but the number is known yet: parents that are still running.
// Parameters: $execution_id, $rows of [job id, n].
UNWIND $rows AS r
MERGE (j:Job {id: r[0]})
ON CREATE SET j.execution_id = $execution_id, j.n = r[1], j.status = 'RUNNING'
