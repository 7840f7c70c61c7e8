// How many nodes of some keys the graph has not got.
// Parameters: $keys (of whatever kind; no two kinds share one).
UNWIND $keys AS key
OPTIONAL MATCH (e:Execution {id: key})
OPTIONAL MATCH (j:Job {id: key})
OPTIONAL MATCH (k:Task {task_hash: key})
OPTIONAL MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (v:Value {value_hash: key})
OPTIONAL MATCH (f:File {file_hash: key})
OPTIONAL MATCH (t:Tag {id: key})
OPTIONAL MATCH (d:Dataset {id: key})
WITH key, coalesce(e, j, k, c, v, f, t, d) AS n
WHERE n IS NULL
RETURN count(key) AS lacking
