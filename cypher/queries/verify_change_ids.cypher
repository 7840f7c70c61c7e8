// Every change, with the folder of the project that it was made in.
// Parameters: none.
MATCH (c:Change)
RETURN c.id AS id, c.project_root AS project_root
