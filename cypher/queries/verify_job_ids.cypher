// All jobs that the graph has of a run.
// Parameters: $id.
MATCH (j:Job {execution_id: $id})
RETURN j.id AS id
