// Every node whose key begins so.
// Parameters: $prefix, $dashed (the same, written as an execution's id), $limit (of each kind).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (n:Execution) WHERE n.id STARTS WITH $dashed AND ($as_of IS NULL OR n.started <= $as_of)
WITH n LIMIT $limit
RETURN 'execution' AS kind, n.id AS id, n.command AS label, n.started AS at
UNION ALL
MATCH (n:Job) WHERE n.id STARTS WITH $prefix AND ($as_of IS NULL OR coalesce(n.started, n.finished) <= $as_of)
WITH n LIMIT $limit
RETURN 'job' AS kind, n.id AS id, n.task_name AS label, n.started AS at
UNION ALL
MATCH (n:CallNode) WHERE n.call_hash STARTS WITH $prefix
  AND ($as_of IS NULL OR EXISTS { MATCH (n)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH n LIMIT $limit
RETURN 'call' AS kind, n.call_hash AS id, n.task_name AS label, n.recorded_at AS at
UNION ALL
MATCH (n:Task) WHERE n.task_hash STARTS WITH $prefix
  AND ($as_of IS NULL OR EXISTS { MATCH (n)<-[:OF]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of })
WITH n LIMIT $limit
RETURN 'task' AS kind, n.task_hash AS id, n.fullname AS label, null AS at
UNION ALL
MATCH (n:Value) WHERE n.value_hash STARTS WITH $prefix
  AND ($as_of IS NULL OR EXISTS { MATCH (n)<-[:TOOK|RETURNED]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of })
WITH n LIMIT $limit
RETURN 'value' AS kind, n.value_hash AS id, n.preview AS label, null AS at
UNION ALL
MATCH (n:File) WHERE n.file_hash STARTS WITH $prefix
  AND ($as_of IS NULL OR EXISTS { MATCH (n)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of })
WITH n LIMIT $limit
RETURN 'file' AS kind, n.file_hash AS id, n.path AS label, null AS at
