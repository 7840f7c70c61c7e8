// The jobs of one task, among millions of others.
CREATE INDEX job_task IF NOT EXISTS FOR (n:Job) ON (n.task_name);
