import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { simulatedSnapshotId } from '@lapidary/contracts/simulated-world';
import { deletionGuards } from '../policy/deletion-guards.js';
import { FaultyCalls } from './cloud-faults.js';
import { changedKeys } from './diff.js';
import type { PropertyMap } from './property-values.js';
import { replacingKeys } from './replace-rules.js';
import type { ChangeContext, CreateContext, DiffResult, ResourceProvider } from './resource-provider.js';
import { simulatedAccount, simulatedInvoke, simulatedOutputs } from './simulated-outputs.js';
import { typeOf } from './urn.js';

const WorldSchema = z.record(z.string(), z.record(z.string(), z.json()));
type World = Record<string, PropertyMap>;

/** As much of a real id as people recognise: `vpc-0a1b2c3d4e5f60718`. */
const idDigits = 17;

/**
 * A pretended AWS for developing and testing the aws target without an account: objects in a file, ids and computed
 * outputs in AWS's style, no behaviour. Whatever shows its results says "simulated cloud".
 */
export class SimulatedCloud implements ResourceProvider {
  private world: World | undefined;
  private running: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private readonly calls: FaultyCalls;

  constructor(
    /** One file per stack: stacks are worked on by different processes at the same time. */
    private readonly path: string,
    private readonly region: string,
  ) {
    this.calls = new FaultyCalls(join(dirname(path), 'faults.json'));
  }

  check(_urn: string, _olds: PropertyMap, news: PropertyMap) {
    return Promise.resolve({ inputs: news, failures: [] });
  }

  diff(_id: string, urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
    const changed = changedKeys(olds, news);
    return Promise.resolve({ changes: changed.length > 0, replaces: replacingKeys(typeOf(urn), changed), deleteBeforeReplace: false });
  }

  async create(urn: string, inputs: PropertyMap, context: CreateContext) {
    const id = this.plannedId(urn, inputs, context.seed);
    const outs = { ...inputs, ...this.computed(typeOf(urn), id, inputs) };
    await this.calls.call('create', typeOf(urn), () => this.write(id, outs, context.secretKeys));
    return { id, outs };
  }

  /** Secrets are not stored here, so what is known of them stays what the state says. */
  async read(id: string, urn: string, props: PropertyMap): Promise<PropertyMap | undefined> {
    const live = await this.calls.call('read', typeOf(urn), async () => (await this.load())[id]);
    return live === undefined ? undefined : { ...props, ...live };
  }

  async update(id: string, urn: string, _olds: PropertyMap, news: PropertyMap, context: ChangeContext) {
    const outs = { ...news, ...this.computed(typeOf(urn), id, news) };
    await this.calls.call('update', typeOf(urn), () => this.write(id, outs, context.secretKeys));
    return { outs };
  }

  /** As AWS does: refuses while the object's own protection is on, and keeps the final snapshot that the object asks for. */
  delete(id: string, urn: string): Promise<void> {
    return this.calls.call('delete', typeOf(urn), async () => {
      const world = await this.load();
      const gone = world[id];
      const guard = deletionGuards[typeOf(urn)];
      if (guard !== undefined && gone?.[guard] === true)
        throw new Error(
          `OperationNotPermitted: Cannot delete protected ${typeOf(urn)} ${id}, please disable deletion protection and try again`,
        );
      const snapshot = gone?.['finalSnapshotIdentifier'];
      if (gone && typeof snapshot === 'string' && gone['skipFinalSnapshot'] !== true)
        world[simulatedSnapshotId(snapshot)] = { of: id, kmsKeyId: gone['kmsKeyId'] ?? null };
      delete world[id];
      await this.save();
    });
  }

  async disown(id: string, urn: string): Promise<void> {
    const world = await this.load();
    const guard = deletionGuards[typeOf(urn)];
    if (guard === undefined || world[id] === undefined) return;
    world[id] = { ...world[id], [guard]: false };
    await this.save();
  }

  plannedId(urn: string, _inputs: PropertyMap, seed: string): string {
    const kind = typeOf(urn).split(':').at(-1)?.toLowerCase() ?? 'object';
    return `${kind}-${createHash('sha256').update(`${urn} ${seed}`).digest('hex').slice(0, idDigits)}`;
  }

  invoke(token: string, args: PropertyMap): Promise<PropertyMap> {
    return simulatedInvoke(this.region)(token, args);
  }

  private computed(type: string, id: string, inputs: PropertyMap): PropertyMap {
    const kind = type.split(':').at(-1) ?? '';
    const arn = `arn:aws:simulated:${this.region}:${simulatedAccount}:${kind.toLowerCase()}/${id}`;
    return simulatedOutputs(kind, { id, arn, region: this.region, inputs });
  }

  private async load(): Promise<World> {
    this.world ??= WorldSchema.parse(JSON.parse(await readFile(this.path, 'utf8').catch(() => '{}'))) as World;
    return this.world;
  }

  private async write(id: string, outs: PropertyMap, hidden: readonly string[]): Promise<void> {
    const world = await this.load();
    world[id] = Object.fromEntries(Object.entries(outs).filter(([key]) => !hidden.includes(key)));
    await this.save();
  }

  /**
   * Creates run in parallel, the file is one: those that wait share the next write. Whole at any moment, so that a process may be
   * killed; not synced to the disk, since nobody needs a pretended cloud to outlive a loss of power.
   */
  private save(): Promise<void> {
    this.queued ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        this.running = this.flush();
        return this.running;
      });
    return this.queued;
  }

  private async flush(): Promise<void> {
    if (Object.keys(this.world ?? {}).length === 0) return rm(this.path, { force: true });
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(`${this.path}.tmp`, JSON.stringify(this.world, null, 1), { mode: 0o600 });
    await rename(`${this.path}.tmp`, this.path);
  }
}
