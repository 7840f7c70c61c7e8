// The calls that took or returned a file whose path is like a pattern; no more than a limit.
// Parameters: $prefix (what the path begins with), $regex (the whole path), $limit. One row with the list of them.
MATCH (f:File)
WHERE f.path STARTS WITH $prefix AND f.path =~ $regex
MATCH (f)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(c:CallNode)
WITH DISTINCT c.call_hash AS call LIMIT $limit
RETURN collect(call) AS calls
