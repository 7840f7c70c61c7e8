// The runs that the graph has of one project's folder.
// Parameters: $directory.
MATCH (e:Execution {directory: $directory})
RETURN e.id AS id
