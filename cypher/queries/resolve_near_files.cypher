// The paths of recorded files, those that end with a name first.
// Parameters: $name, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File)
WHERE ($as_of IS NULL OR EXISTS { MATCH (f)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of })
WITH DISTINCT f.path AS path
RETURN path
ORDER BY CASE WHEN path ENDS WITH $name THEN 0 ELSE 1 END, path LIMIT $limit
