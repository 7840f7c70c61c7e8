// What tags are on.
// Parameters: $rows of [tag's id, key of what it is on]; no two kinds of node share a key.
UNWIND $rows AS r
MATCH (t:Tag {id: r[0]})
OPTIONAL MATCH (e:Execution {id: r[1]})
OPTIONAL MATCH (j:Job {id: r[1]})
OPTIONAL MATCH (k:Task {task_hash: r[1]})
OPTIONAL MATCH (c:CallNode {call_hash: r[1]})
OPTIONAL MATCH (v:Value {value_hash: r[1]})
OPTIONAL MATCH (f:File {file_hash: r[1]})
WITH t, coalesce(e, j, k, c, v, f) AS n
WHERE n IS NOT NULL
MERGE (n)-[:TAGGED]->(t)
