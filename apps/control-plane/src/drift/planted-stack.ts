import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { DriftedResource, ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { SimulatedWorldSchema, simulatedWorldFile, type SimulatedWorld } from '@lapidary/contracts/simulated-world';
import { StampSpecSchema } from '@lapidary/contracts/stamp-spec';
import { AppError } from '@lapidary/kernel/app-error';
import type { PlannerProcess } from '../provisioning/planner-process.js';
import { childScriptOf, provisionRunOf } from '../provisioning/provision-run.js';
import { runProvisioner } from '../provisioning/provisioner-child.js';
import type { RegionFacts } from './drift-facts.js';

/** Apart from the real stacks: nothing here is anybody's. */
const folder = 'drift-canary';
const tag = 'lapidary:canary';
/** Real stamps start at 1; the template has addresses for little more than a hundred. */
const stackNumber = 120;

export interface PlantedStackParts {
  readonly config: ControlPlaneConfig;
  readonly planner: Pick<PlannerProcess, 'read'>;
  readonly build?: typeof runProvisioner;
}

/**
 * A stack whose world is really falsified in each run: built once by the provisioning child in the simulated cloud, then one
 * tag of one resource is overwritten behind the engine's back, as somebody at a console would. Finding it takes every part
 * that finds the drift of a real stamp, but for the cloud itself.
 */
export class PlantedStack {
  constructor(private readonly parts: PlantedStackParts) {}

  /** Falsifies and looks. What is lost or broken of the stack is built anew, once. */
  async driftWith(nonce: string, regionFacts: RegionFacts, signal: AbortSignal): Promise<readonly DriftedResource[]> {
    const found = await this.look(nonce, regionFacts, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      return error as Error;
    });
    if (Array.isArray(found) && found.some((d: DriftedResource) => d.observed === nonce)) return found;
    await this.rebuild(regionFacts, signal);
    return await this.look(nonce, regionFacts, signal);
  }

  private async look(nonce: string, regionFacts: RegionFacts, signal: AbortSignal): Promise<readonly DriftedResource[]> {
    const run = this.run(regionFacts);
    await falsify(join(run.stateDir, simulatedWorldFile(run.spec.name)), nonce);
    return (await this.parts.planner.read({ ...run, operation: 'drift' }, signal)).drifted;
  }

  private async rebuild(regionFacts: RegionFacts, signal: AbortSignal): Promise<void> {
    const { config, build = runProvisioner } = this.parts;
    const run = this.run(regionFacts);
    await rm(run.stateDir, { recursive: true, force: true });
    await build({
      script: childScriptOf(config),
      cwd: resolve(config.LAPIDARY_ROOT_DIR),
      run: { ...run, operation: 'up' },
      signal,
      onProgress: () => undefined,
    });
  }

  /** The simulated cloud is the embedded engine's, whichever engine the region uses. */
  private run(regionFacts: RegionFacts): ProvisionRun {
    const { config } = this.parts;
    const spec = StampSpecSchema.parse({
      name: `${config.LAPIDARY_REGION}-${stackNumber}`,
      region: config.LAPIDARY_REGION,
      driver: 'aws',
      profile: 'small',
      ring: 'canary',
      isolation: 'pooled',
      capacity: { units: 1 },
      workload: { version: '0' },
      labels: {},
    });
    return {
      ...provisionRunOf(config, spec, regionFacts),
      engine: 'embedded',
      stateDir: resolve(config.LAPIDARY_ENGINE_STATE_DIR, folder),
    };
  }
}

/** Overwrites a tag of the first resource that has tags. Throws where there is none. */
export const falsified = (world: SimulatedWorld, nonce: string): SimulatedWorld => {
  const tagged = Object.keys(world)
    .sort()
    .find((id) => isMap(world[id]?.['tags']));
  if (tagged === undefined) throw new AppError('internal', 'The planted stack has no resource with tags', { internal: folder });
  const properties = world[tagged]!;
  return { ...world, [tagged]: { ...properties, tags: { ...(properties['tags'] as object), [tag]: nonce } } };
};

const falsify = async (file: string, nonce: string): Promise<void> => {
  const world = SimulatedWorldSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  await writeFile(`${file}.planted`, JSON.stringify(falsified(world, nonce)));
  await rename(`${file}.planted`, file);
};

const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
