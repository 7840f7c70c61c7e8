// The keys of every Evaluation between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:Evaluation)
WHERE n.eval_hash >= $from AND n.eval_hash < $to
RETURN n.eval_hash AS key
