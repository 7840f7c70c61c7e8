// Who ran some jobs, and in which execution.
// Parameters: $keys (job ids).
UNWIND $keys AS key
MATCH (j:Job {id: key})
MATCH (e:Execution {id: j.execution_id})
RETURN key, e.user AS user, e.id AS execution
