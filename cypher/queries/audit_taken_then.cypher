// What audit_taken gives, as it was at a moment: the time is that of the last job that had made the call by then.
// (One that was answered from the cache made none, but where only its single reduction was.)
// Parameters: $as_of.
MATCH (f:File)<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
MATCH (c)<-[:MADE]-(m:Job)
WHERE coalesce(m.finished, m.started) <= $as_of
  AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction')
RETURN f.file_hash AS file, f.path AS path, max(coalesce(m.finished, m.started)) AS at
UNION ALL
MATCH (c:CallNode)
WHERE c.named IS NOT NULL
MATCH (c)<-[:MADE]-(m:Job)
WHERE coalesce(m.finished, m.started) <= $as_of
  AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction')
WITH c, max(coalesce(m.finished, m.started)) AS at
UNWIND c.named AS file
MATCH (f:File {file_hash: file})
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
RETURN file, f.path AS path, max(at) AS at
