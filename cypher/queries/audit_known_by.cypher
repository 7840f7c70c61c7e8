// What nodes are known again by when a workflow is run again: a run (by what it began with), a job and a call by a call, or
// where they have none, by the task; a version of a task by its name, a file by its path, a dataset by its name.
// Parameters: $executions, $jobs, $calls, $tasks, $files, $datasets (keys of each kind). Rows, each with a list of rows:
// node, call, known by, further ids that a message may have in it.
UNWIND $executions AS key
MATCH (e:Execution {id: key})-[:STARTED]->(j:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN collect(['execution:' + key, c.call_hash, j.task_name, []]) AS rows
UNION ALL
UNWIND $jobs AS key
MATCH (j:Job {id: key})
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN collect(['job:' + key, c.call_hash, j.task_name, [j.execution_id]]) AS rows
UNION ALL
UNWIND $calls AS key
MATCH (c:CallNode {call_hash: key})
RETURN collect(['call:' + key, key, c.task_name, []]) AS rows
UNION ALL
UNWIND $tasks AS key
MATCH (t:Task {task_hash: key})
RETURN collect(['task:' + key, null, t.fullname, []]) AS rows
UNION ALL
UNWIND $files AS key
MATCH (f:File {file_hash: key})
RETURN collect(['file:' + key, null, f.path, []]) AS rows
UNION ALL
UNWIND $datasets AS key
MATCH (d:Dataset {id: key})
RETURN collect(['dataset:' + key, null, d.name, []]) AS rows
