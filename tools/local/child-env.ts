/** What every process needs of the surroundings; the last is where Node keeps what it compiled, a third of what a short process costs. */
const surroundings = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'];
/** What one may want to set for the whole fleet at `npm start`; docs/reference/config.md describes each. */
const passedOn = [
  'LAPIDARY_BASE_DOMAIN',
  'LAPIDARY_DATABASE_POOL',
  'LAPIDARY_DRIFT_INTERVAL_MS',
  'LAPIDARY_DRIFT_OWNER',
  'LAPIDARY_ENGINE',
  'LAPIDARY_HEARTBEAT_MS',
  'LAPIDARY_JOB_CONCURRENCY',
  'LAPIDARY_LOG_LEVEL',
  'LAPIDARY_RESYNC_MS',
];

/** Nothing else is handed on: a variable left in somebody's shell must not change how a process of the fleet behaves. */
export const processEnv = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries([...surroundings, ...passedOn].flatMap((name) => (env[name] ? [[name, env[name]]] : [])));

export const surroundingEnv = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(surroundings.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
