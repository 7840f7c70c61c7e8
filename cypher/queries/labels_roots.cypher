// The executions whose root jobs some jobs are.
// Parameters: $keys (ids of jobs).
UNWIND $keys AS key
MATCH (j:Job {id: key})<-[:STARTED]-(e:Execution)
RETURN key, e.id AS execution
