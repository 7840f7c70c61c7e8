// The options that count in some versions of tasks.
// Parameters: $keys (task hashes).
UNWIND $keys AS key
MATCH (t:Task {task_hash: key})
RETURN key, t.options AS options
