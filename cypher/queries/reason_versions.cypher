// The recorded versions of some tasks, each with the moment of its newest call.
// Parameters: $fullnames. One row with a list of rows: fullname, task_hash, version, source, counted, last,
// options.
UNWIND $fullnames AS fullname
MATCH (t:Task {fullname: fullname})
OPTIONAL MATCH (c:CallNode)-[:OF]->(t)
WITH fullname, t, max(c.recorded_at) AS last
RETURN collect([fullname, t.task_hash, t.version, t.source, t.counted, last, t.options]) AS rows
