// One unique key for every label, and the indexes that look-ups and listings need.
CREATE CONSTRAINT schema_version_key IF NOT EXISTS FOR (n:SchemaVersion) REQUIRE n.version IS UNIQUE;
CREATE CONSTRAINT execution_key IF NOT EXISTS FOR (n:Execution) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT job_key IF NOT EXISTS FOR (n:Job) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT task_key IF NOT EXISTS FOR (n:Task) REQUIRE n.task_hash IS UNIQUE;
CREATE CONSTRAINT call_node_key IF NOT EXISTS FOR (n:CallNode) REQUIRE n.call_hash IS UNIQUE;
CREATE CONSTRAINT evaluation_key IF NOT EXISTS FOR (n:Evaluation) REQUIRE n.eval_hash IS UNIQUE;
CREATE CONSTRAINT value_key IF NOT EXISTS FOR (n:Value) REQUIRE n.value_hash IS UNIQUE;
CREATE CONSTRAINT file_key IF NOT EXISTS FOR (n:File) REQUIRE n.file_hash IS UNIQUE;
CREATE INDEX call_node_evaluation IF NOT EXISTS FOR (n:CallNode) ON (n.eval_hash);
CREATE INDEX job_execution IF NOT EXISTS FOR (n:Job) ON (n.execution_id);
CREATE INDEX execution_started IF NOT EXISTS FOR (n:Execution) ON (n.started);
CREATE INDEX file_path IF NOT EXISTS FOR (n:File) ON (n.path);
CREATE INDEX task_fullname IF NOT EXISTS FOR (n:Task) ON (n.fullname);
