import { access, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { waitFor } from '@lapidary/kernel/wait-for';
import {
  ProcessSpecSchema,
  processSpecFile,
  processStatusFile,
  ProcessStatusSchema,
  type ProcessSpec,
  type ProcessStatus,
} from '@lapidary/contracts/process-spec';
import { processStartTime } from '../process-identity.js';
import type { PropertyMap } from '../property-values.js';
import { writeDurably } from '../state-file.js';
import type { LocalResource } from './local-resource.js';
import type { LocalSettings } from './local-settings.js';

/** A workload that migrates its database takes seconds; one that needs a minute will not come up by itself. */
const readyTimeoutMs = 60_000;
/** More than a draining process is given by the supervisor before it is killed. */
const stopTimeoutMs = 30_000;

const ProcessInputsSchema = ProcessSpecSchema.extend({
  /** Files that the process keeps for itself; removed with it. */
  ownFiles: z.array(z.string()),
});
type ProcessInputs = z.infer<typeof ProcessInputsSchema>;

const specOf = ({ name, script, args, env, readyUrl }: ProcessInputs): ProcessSpec => ({ name, script, args, env, readyUrl });

/** It holds secrets; octal, as people write it. */
const privateMode = '0600';
const modeOf = async (processDir: string, name: string): Promise<string> =>
  `0${((await stat(join(processDir, processSpecFile(name)))).mode & 0o777).toString(8)}`;

/** A process of this machine: its spec is handed to the local supervisor, which runs it (process-spec.ts). */
export const localProcess = (settings: LocalSettings): LocalResource<ProcessInputs> => {
  const { processDir, rootDir } = settings;
  const bring = async (_urn: string, inputs: ProcessInputs): Promise<PropertyMap> => {
    await access(join(rootDir, inputs.script)).catch(() => {
      throw new Error(`there is no ${inputs.script} below ${rootDir}; is it built?`);
    });
    const spec = specOf(inputs);
    await writeDurably(join(processDir, processSpecFile(spec.name)), JSON.stringify(spec, null, 1));
    await untilReady(processDir, spec);
    return { ...inputs, digest: digestOf(spec) };
  };
  return {
    inputs: ProcessInputsSchema,
    replacedBy: ['name'],
    idOf: (_urn, inputs) => inputs.name,
    create: bring,
    update: bring,
    read: async (id, _urn, props) => {
      const spec = await readSpec(processDir, id);
      return spec === undefined ? undefined : { ...props, ...spec, digest: digestOf(spec), specFileMode: await modeOf(processDir, id) };
    },
    stated: () => ({ specFileMode: privateMode }),
    delete: async (id, _urn, props) => {
      const specFile = join(processDir, processSpecFile(id));
      for (const file of [specFile, `${specFile}.tmp`]) await rm(file, { force: true });
      await untilStopped(processDir, id);
      for (const file of [join(processDir, processStatusFile(id)), ...z.array(z.string()).catch([]).parse(props['ownFiles'])])
        await rm(file, { force: true });
    },
  };
};

const untilReady = async (processDir: string, spec: ProcessSpec): Promise<void> => {
  const wanted = digestOf(spec);
  let last: ProcessStatus | undefined;
  const look = async (): Promise<true | undefined> => {
    last = await readStatus(processDir, spec.name);
    return last?.digest === wanted && last.state === 'ready' ? true : undefined;
  };
  await waitFor(spec.name, look, { timeoutMs: readyTimeoutMs }).catch((error: unknown) => {
    throw new Error(describeFailure(last, wanted), { cause: error });
  });
};

const describeFailure = (last: ProcessStatus | undefined, wanted: string): string => {
  const waited = `not ready after ${readyTimeoutMs / 1000} s`;
  if (last === undefined) return `${waited}: no supervisor reports on it; is the fleet running?`;
  if (last.digest !== wanted) return `${waited}: the supervisor still runs the former spec`;
  return `${waited}: ${last.state}, ${last.restarts} restarts, last exit: ${last.lastExit ?? 'none'}`;
};

const untilStopped = async (processDir: string, name: string): Promise<void> => {
  const look = async (): Promise<true | undefined> => {
    const status = await readStatus(processDir, name);
    return status === undefined || status.pid === null || processStartTime(status.pid) === undefined ? true : undefined;
  };
  await waitFor(`${name} to stop`, look, { timeoutMs: stopTimeoutMs });
};

const readSpec = async (processDir: string, name: string): Promise<ProcessSpec | undefined> =>
  ProcessSpecSchema.safeParse(await readJson(join(processDir, processSpecFile(name)))).data;

const readStatus = async (processDir: string, name: string): Promise<ProcessStatus | undefined> =>
  ProcessStatusSchema.safeParse(await readJson(join(processDir, processStatusFile(name)))).data;

const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
};
