/** The executor's releases by name, as they are called on the governed host (executor.md, "Executor"). */
export const EXECUTOR_V1 = 'agent-api-executor-local:v1';
/** KG and C1; what W6 deploys. */
export const EXECUTOR_C1 = 'agent-api-executor-local:c1-v1';
/** Name of the service: host name and, in `endpoint_ref`, address. */
export const EXECUTOR_HOST = 'incomex-agent-api-executor';
