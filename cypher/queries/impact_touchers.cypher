// The calls that took files, inside whatever value, and the calls that returned files which were there before they began.
// Parameters: $keys (file hashes). One row with a list of rows, each with two lists: messages would cost more than the query.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})
RETURN collect([key,
  [(f)<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
    WHERE $as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of }
    | c.call_hash],
  [(f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
    WHERE c.named IS NOT NULL AND key IN c.named
      AND ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
    | c.call_hash]]) AS rows
