// The job a run began with.
// Parameters: $execution_id, $job_id.
MATCH (e:Execution {id: $execution_id})
MATCH (j:Job {id: $job_id})
MERGE (e)-[:STARTED]->(j)
