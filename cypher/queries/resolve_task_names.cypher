// The full names of all tasks.
MATCH (t:Task)
RETURN DISTINCT t.fullname AS name ORDER BY name
