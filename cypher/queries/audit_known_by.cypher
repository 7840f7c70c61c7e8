// What nodes are known again by when a workflow is run again: a call, a job, and a run (by what it began with) by the task with
// its arguments, a version of a task by its name, a file by its path, a dataset by its name.
// Parameters: $executions, $jobs, $calls, $tasks, $files, $datasets (keys of each kind). Rows, each with a list of rows:
// node, known by, run (of a job).
UNWIND $executions AS key
MATCH (:Execution {id: key})-[:STARTED]->(j:Job)
RETURN collect(['execution:' + key, coalesce(j.eval_hash, j.task_name), null]) AS rows
UNION ALL
UNWIND $jobs AS key
MATCH (j:Job {id: key})
RETURN collect(['job:' + key, coalesce(j.eval_hash, j.task_name), j.execution_id]) AS rows
UNION ALL
UNWIND $calls AS key
MATCH (c:CallNode {call_hash: key})
RETURN collect(['call:' + key, c.eval_hash, null]) AS rows
UNION ALL
UNWIND $tasks AS key
MATCH (t:Task {task_hash: key})
RETURN collect(['task:' + key, t.fullname, null]) AS rows
UNION ALL
UNWIND $files AS key
MATCH (f:File {file_hash: key})
RETURN collect(['file:' + key, f.path, null]) AS rows
UNION ALL
UNWIND $datasets AS key
MATCH (d:Dataset {id: key})
RETURN collect(['dataset:' + key, d.name, null]) AS rows
