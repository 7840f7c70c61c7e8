// The calls of tasks that are declared to lower how sensitive data is, with the tasks' options as JSON.
// Parameters: $option (as it is quoted in the JSON).
MATCH (t:Task)
WHERE t.options CONTAINS $option
MATCH (t)<-[:OF]-(c:CallNode)
RETURN c.call_hash AS call, t.options AS options
