// The keys of every CallNode between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:CallNode)
WHERE n.call_hash >= $from AND n.call_hash < $to
RETURN n.call_hash AS key
