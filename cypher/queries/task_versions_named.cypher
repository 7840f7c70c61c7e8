// The versions of tasks of one name, with the options that count in them: those name the project of a task of another.
// Parameters: $name (full name).
MATCH (t:Task {fullname: $name})
RETURN t.task_hash AS task_hash, t.options AS options
