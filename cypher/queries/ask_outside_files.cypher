// Files that calls took and that no call made: where data came in.
// Parameters: none. Rows: path, evidence, digest, size, calls (how many took it).
MATCH (f:File)<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
WHERE NOT EXISTS { MATCH (f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(m:CallNode)
                   WHERE m.named IS NULL OR NOT f.file_hash IN m.named }
RETURN f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size, count(DISTINCT c) AS calls
ORDER BY path, digest
