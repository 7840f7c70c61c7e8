// Every recorded content of the file at a path.
// Parameters: $path.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File {path: $path})
WHERE ($as_of IS NULL OR EXISTS { MATCH (f)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of })
RETURN f.file_hash AS file
ORDER BY file
