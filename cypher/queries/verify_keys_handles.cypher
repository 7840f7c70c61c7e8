// The keys of every Handle between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:Handle)
WHERE n.state >= $from AND n.state < $to
RETURN n.state AS key
