import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { backOffMs } from '@lapidary/kernel/back-off';
import { z } from 'zod';
import { CloudFailure } from './cloud-failure.js';

/**
 * Faults of the simulated cloud, for tests: a file `faults.json` beside its objects, read afresh at every call. The product
 * never writes it, and nothing but the simulated cloud reads it.
 */
export const FaultsSchema = z.array(
  z.strictObject({
    operation: z.enum(['create', 'read', 'update', 'delete']),
    /** Resource type, or its end: `Instance`. */
    type: z.string(),
    kind: z.enum(['throttled', 'access_denied', 'capacity_insufficient', 'slow']),
    /** How often in one run; always if left out. */
    times: z.number().int().min(1).optional(),
    /** Of "slow". */
    delayMs: z.number().int().min(0).default(0),
  }),
);
type Fault = z.infer<typeof FaultsSchema>[number];
export type CloudOperation = Fault['operation'];

/** As AWS words them, so that what recognises the real ones is what is tested. */
const messages: Readonly<Record<Exclude<Fault['kind'], 'slow'>, (operation: string, type: string) => string>> = {
  throttled: () => 'Throttling: Rate exceeded',
  access_denied: (operation, type) => `AccessDenied: User is not authorized to perform: ${operation} on ${type}`,
  capacity_insufficient: (_, type) => `InsufficientDBInstanceCapacity: there is no capacity for ${type} in the zone`,
};

/** AWS's SDKs try three times, its Terraform provider 25; this is some ten seconds, in which a burst of ours is over. */
const triesMax = 8;
const retryFirstMs = 50;
const retryMaxMs = 5_000;

/** Calls of one run to the simulated cloud, with the faults that were asked for and the retries that a real provider makes. */
export class FaultyCalls {
  private readonly used = new Map<string, number>();

  constructor(
    private readonly path: string,
    private readonly wait: (ms: number) => Promise<unknown> = sleep,
  ) {}

  /** Only what was throttled is asked again: another refusal would be the same. */
  async call<T>(operation: CloudOperation, type: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.suffer(operation, type);
        return await work();
      } catch (error) {
        if (!(error instanceof CloudFailure) || error.code !== 'throttled' || attempt + 1 >= triesMax) throw error;
        await this.wait(backOffMs(attempt, retryFirstMs, retryMaxMs));
      }
    }
  }

  private async suffer(operation: CloudOperation, type: string): Promise<void> {
    for (const [index, fault] of (await this.faults()).entries()) {
      if (fault.operation !== operation || !type.endsWith(fault.type)) continue;
      const key = `${index} ${JSON.stringify(fault)}`;
      const used = this.used.get(key) ?? 0;
      if (fault.times !== undefined && used >= fault.times) continue;
      this.used.set(key, used + 1);
      if (fault.kind === 'slow') await this.wait(fault.delayMs);
      else throw new CloudFailure(fault.kind, messages[fault.kind](operation, type));
    }
  }

  private async faults(): Promise<readonly Fault[]> {
    const text = await readFile(this.path, 'utf8').catch(() => '[]');
    return FaultsSchema.parse(JSON.parse(text));
  }
}
