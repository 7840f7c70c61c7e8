// One version of a task.
// Parameters: $task.
MATCH (t:Task {task_hash: $task})
RETURN t.task_hash AS task_hash, t.fullname AS task, t.version AS version, t.source AS source, t.options AS options,
       t.counted AS counted, t.uncounted AS uncounted
