import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { Reader } from '@lapidary/db/transaction';
import { isAppError } from '@lapidary/kernel/app-error';
import { isStampName } from '@lapidary/kernel/names';
import { planProvision } from '../provisioning/provision-command.js';
import type { ProvisionInput } from '../provisioning/provision-steps.js';
import type { Isolation, LastBuild, StampRoom } from './facts.js';

export interface PlannedStamp {
  readonly name: string;
  readonly isRetry: boolean;
  readonly input: ProvisionInput;
}

/** Names after the highest one ever given that are tried, where files have been prepared for stamps of another isolation. */
const namesTriedMax = 20;

const numberOf = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1));

/**
 * Names a new stamp may get, in order: one past the highest there is or was, since a name is never given twice (retired
 * stamps are in the list too). What the policy's last build left behind as failed comes first: another try, not another stamp.
 */
export const nextNames = (region: string, stamps: readonly Pick<StampRoom, 'name' | 'status'>[], lastBuild: LastBuild | null): string[] => {
  const unfinished = stamps.find((s) => s.name === lastBuild?.stamp && s.status === 'failed');
  const highest = Math.max(0, ...stamps.map((s) => numberOf(s.name)));
  const fresh = Array.from({ length: namesTriedMax }, (_, i) => `${region}-${highest + 1 + i}`);
  return [...(unfinished ? [unfinished.name] : []), ...fresh].filter(isStampName);
};

/**
 * The next stamp of an isolation with its spec as it resolves now. A file that was prepared for a name is taken as it is,
 * never bent to another isolation; null where none can be resolved.
 */
export const planNextStamp = async (
  reader: Reader,
  config: ControlPlaneConfig,
  names: readonly string[],
  stamps: readonly StampRoom[],
  isolation: Isolation,
): Promise<PlannedStamp | null> => {
  for (const name of names) {
    const input = await planned(reader, config, name, isolation);
    if (input?.spec.isolation === isolation) return { name, isRetry: stamps.some((s) => s.name === name), input };
  }
  return null;
};

const planned = async (reader: Reader, config: ControlPlaneConfig, name: string, isolation: Isolation): Promise<ProvisionInput | null> => {
  try {
    const asIs = await planProvision(reader, config, name, {});
    return asIs.source === 'file' ? asIs : await planProvision(reader, config, name, { isolation });
  } catch (error) {
    // A broken file is told to whoever provisions; here the next name is tried.
    if (isAppError(error)) return null;
    throw error;
  }
};
