// Files that calls took and that no call made: where data came in.
// Parameters: none. Rows: path, evidence, digest, size, calls (how many took it).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File)<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
  AND NOT EXISTS { MATCH (f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(m:CallNode)
                   WHERE (m.named IS NULL OR NOT f.file_hash IN m.named)
                     AND ($as_of IS NULL OR EXISTS { MATCH (m)<-[:MADE]-(k:Job) WHERE k.finished <= $as_of }) }
RETURN f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size, count(DISTINCT c) AS calls
ORDER BY path, digest
