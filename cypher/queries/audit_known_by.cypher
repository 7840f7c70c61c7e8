// What nodes are known again by when a workflow is run again: a call, a job, and a run (by what it began with) by the task with
// its arguments, a version of a task by its name, a file by its path, a dataset by its name.
// Parameters: $executions, $jobs, $calls, $tasks, $files, $datasets (keys of each kind). Rows: node, known by, run (of a job).
UNWIND $executions AS key
MATCH (:Execution {id: key})-[:STARTED]->(j:Job)
RETURN 'execution:' + key AS node, coalesce(j.eval_hash, j.task_name) AS known_by, null AS run
UNION ALL
UNWIND $jobs AS key
MATCH (j:Job {id: key})
RETURN 'job:' + key AS node, coalesce(j.eval_hash, j.task_name) AS known_by, j.execution_id AS run
UNION ALL
UNWIND $calls AS key
MATCH (c:CallNode {call_hash: key})
RETURN 'call:' + key AS node, c.eval_hash AS known_by, null AS run
UNION ALL
UNWIND $tasks AS key
MATCH (t:Task {task_hash: key})
RETURN 'task:' + key AS node, t.fullname AS known_by, null AS run
UNION ALL
UNWIND $files AS key
MATCH (f:File {file_hash: key})
RETURN 'file:' + key AS node, f.path AS known_by, null AS run
UNION ALL
UNWIND $datasets AS key
MATCH (d:Dataset {id: key})
RETURN 'dataset:' + key AS node, d.name AS known_by, null AS run
