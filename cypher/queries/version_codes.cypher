// The helpers, classes and constants that a version of a task reads, as far as their sources are recorded.
// Parameters: $task.
MATCH (t:Task {task_hash: $task})-[:READS]->(c:Code)
RETURN c.kind AS kind, c.name AS name, c.digest AS digest, c.source AS source
