import { AppError } from '@lapidary/kernel/app-error';
import { readContextFile, type Context } from './context-file.js';
import { endpointOf, findRunFile, readToken, type FoundRunFile } from './run-file-lookup.js';

export interface TargetOptions {
  readonly server?: string;
  readonly token?: string;
  readonly context?: string;
  readonly region?: string;
}

/** Which control plane is meant, and how that was found out. */
export interface Target {
  readonly server: string;
  readonly token: string | null;
  /** Region whose API this is, where that is known. */
  readonly region: string | null;
  readonly source: 'flag' | 'environment' | 'context' | 'run file';
  /** For people: `context "prod"`, `.lapidary/run.json`. */
  readonly described: string;
  readonly runFile: FoundRunFile | null;
  /** APIs of the other regions of the running fleet. */
  readonly others: readonly string[];
}

type Found = Omit<Target, 'others'>;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What is said most directly wins: --server, --context, STAMPCTL_SERVER, STAMPCTL_CONTEXT, the current context, and at
 * last the running `npm start` around the working directory, so that there nothing needs to be configured.
 * The token: --token, STAMPCTL_TOKEN, then the one that belongs to where the server was found.
 */
export const resolveTarget = (options: TargetOptions, env: Env, cwd: string): Target => {
  const runFile = findRunFile(cwd);
  const named = options.context ?? (options.server || env.STAMPCTL_SERVER ? undefined : env.STAMPCTL_CONTEXT || undefined);
  const found =
    (options.server && bare(options.server, 'flag', '--server', runFile)) ||
    (named && ofContext(named, runFile)(env)) ||
    (env.STAMPCTL_SERVER && bare(env.STAMPCTL_SERVER, 'environment', 'STAMPCTL_SERVER', runFile)) ||
    ofCurrentContext(env, runFile) ||
    ofRunFile(runFile, options.region);
  if (!found)
    throw new AppError('no_context', 'No control plane to talk to: no --server, no context, and no running fleet in this folder or above');
  const regions = Object.entries(found.runFile?.run.regions ?? {});
  const others = regions.filter(([name]) => name !== found.region).map(([, { api }]) => api);
  return { ...found, token: options.token || env.STAMPCTL_TOKEN || found.token, others };
};

const bare = (server: string, source: 'flag' | 'environment', described: string, runFile: FoundRunFile | null): Found => {
  if (!/^https?:\/\//.test(server) || !URL.canParse(server)) {
    throw new AppError('usage', `"${server}" is not an address`, { details: { check: 'A server is http(s)://host:port.' } });
  }
  const own = runFile && regionServedAt(runFile, server);
  return { server, token: own?.token ?? null, region: own?.region ?? null, source, described, runFile: own ? runFile : null };
};

const ofContext =
  (name: string, runFile: FoundRunFile | null) =>
  (env: Env): Found => {
    const file = readContextFile(env);
    const context = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
    if (!context) {
      const known = Object.keys(file.contexts);
      const check =
        known.length === 0 ? 'There are none yet: "stampctl context set <name> --server <url>".' : `Known: ${known.join(', ')}.`;
      throw new AppError('no_context', `There is no context "${name}"`, { details: { check } });
    }
    return fromContext(name, context, runFile);
  };

const ofCurrentContext = (env: Env, runFile: FoundRunFile | null): Found | null => {
  const { current } = readContextFile(env);
  return current === null ? null : ofContext(current, runFile)(env);
};

const fromContext = (name: string, context: Context, runFile: FoundRunFile | null): Found => ({
  server: context.server,
  token: context.token ?? (context.tokenFile === undefined ? null : readToken(context.tokenFile)),
  region: context.region ?? null,
  source: 'context',
  described: `context "${name}"`,
  runFile: runFile && regionServedAt(runFile, context.server) ? runFile : null,
});

const ofRunFile = (runFile: FoundRunFile | null, region: string | undefined): Found | null => {
  if (!runFile) return null;
  const endpoint = endpointOf(runFile, region);
  if (!endpoint) {
    throw new AppError('unknown_region', `The running fleet has no region "${region ?? ''}"`, {
      details: { check: `Regions here: ${Object.keys(runFile.run.regions).join(', ')}.` },
    });
  }
  return { ...endpoint, source: 'run file', described: runFile.path, runFile };
};

const regionServedAt = (runFile: FoundRunFile, server: string): ReturnType<typeof endpointOf> => {
  const region = Object.entries(runFile.run.regions).find(([, entry]) => new URL(entry.api).origin === new URL(server).origin)?.[0];
  return region === undefined ? null : endpointOf(runFile, region);
};
