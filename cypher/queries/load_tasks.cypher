// Task definitions.
// Parameters: $rows of [task_hash, name, namespace, fullname, version, source, options, counted, uncounted].
UNWIND $rows AS r
MERGE (t:Task {task_hash: r[0]})
ON CREATE SET t.name = r[1], t.namespace = r[2], t.fullname = r[3], t.version = r[4], t.source = r[5],
  t.options = r[6], t.counted = r[7], t.uncounted = r[8]
