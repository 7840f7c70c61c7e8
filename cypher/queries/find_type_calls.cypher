// The calls that took or returned a value of a type; no more than a limit.
// Parameters: $type (its whole name, or the last part), $limit. One row with the list of them.
MATCH (v:Value)
WHERE v.type = $type OR v.type ENDS WITH '.' + $type
MATCH (v)<-[:TOOK|RETURNED]-(c:CallNode)
WITH DISTINCT c.call_hash AS call LIMIT $limit
RETURN collect(call) AS calls
