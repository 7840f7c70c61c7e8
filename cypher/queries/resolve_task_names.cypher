// The full names of all tasks.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task)
WHERE $as_of IS NULL OR EXISTS { MATCH (t)<-[:OF]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of }
RETURN DISTINCT t.fullname AS name ORDER BY name
