// Which of some task versions the graph has.
// Parameters: $task_hashes. Rows: task_hash.
UNWIND $task_hashes AS wanted
MATCH (t:Task {task_hash: wanted})
RETURN t.task_hash
