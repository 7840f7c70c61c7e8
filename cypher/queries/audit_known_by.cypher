// What nodes are known again by when a workflow is run again: a run (by what it began with), a job and a call by a call, or
// where they have none, by the task; a version of a task by its name, a file by its path, a dataset by its name.
// Parameters: $executions, $jobs, $calls, $tasks, $files, $datasets (keys of each kind). Rows: node, call, known by, further
// ids that a message may have in it.
UNWIND $executions AS key
MATCH (e:Execution {id: key})-[:STARTED]->(j:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN 'execution:' + key AS node, c.call_hash AS call, j.task_name AS known_by, [e.git_commit] AS ids
UNION ALL
UNWIND $jobs AS key
MATCH (j:Job {id: key})
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN 'job:' + key AS node, c.call_hash AS call, j.task_name AS known_by, [j.execution_id] AS ids
UNION ALL
UNWIND $calls AS key
MATCH (c:CallNode {call_hash: key})
RETURN 'call:' + key AS node, key AS call, c.task_name AS known_by, [] AS ids
UNION ALL
UNWIND $tasks AS key
MATCH (t:Task {task_hash: key})
RETURN 'task:' + key AS node, null AS call, t.fullname AS known_by, [] AS ids
UNION ALL
UNWIND $files AS key
MATCH (f:File {file_hash: key})
RETURN 'file:' + key AS node, null AS call, f.path AS known_by, [] AS ids
UNION ALL
UNWIND $datasets AS key
MATCH (d:Dataset {id: key})
RETURN 'dataset:' + key AS node, null AS call, d.name AS known_by, [] AS ids
