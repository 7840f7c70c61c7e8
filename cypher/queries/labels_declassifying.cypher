// The versions of tasks that are declared to lower how sensitive data is, with their options as JSON.
// Parameters: $option (as it is quoted in the JSON).
MATCH (t:Task)
WHERE t.options CONTAINS $option
RETURN t.task_hash AS task, t.options AS options
