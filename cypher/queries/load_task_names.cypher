// Full names of tasks that an earlier loader process already loaded.
// Parameters: $task_hashes.
UNWIND $task_hashes AS task_hash
MATCH (t:Task {task_hash: task_hash})
RETURN t.task_hash AS task_hash, t.fullname AS fullname
