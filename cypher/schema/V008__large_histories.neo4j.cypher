// What flowed inside one call, where a call that many others share is among its children; the jobs of one run by their
// status, or of one task, without a look at the others.
CREATE INDEX fed_by_within IF NOT EXISTS FOR ()-[f:FED_BY]-() ON (f.within);
CREATE INDEX job_status IF NOT EXISTS FOR (n:Job) ON (n.execution_id, n.status);
CREATE INDEX job_run_task IF NOT EXISTS FOR (n:Job) ON (n.execution_id, n.task_name);
