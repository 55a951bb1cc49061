import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import { deletionGuards } from '../policy/deletion-guards.js';
import type { OpenStack } from './stack-workspace.js';
import { exportedResources, stateProgram, type ExportedResource } from './state-program.js';

export interface LiftOptions {
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Takes the protection off what may be deleted or replaced, because a person said so: off these URNs, or off all. There are two: the cloud's own, which is a property of the resource and refuses whoever asks, and the engine's mark in the
 * state. The first is changed by an `up` that aims at those resources alone and says of all others what the state says. May be repeated.
 */
export const liftProtection = async (
  { stack, pulumi }: Pick<OpenStack, 'stack' | 'pulumi'>,
  urns: readonly string[] | 'all',
  options: LiftOptions,
): Promise<void> => {
  const meant = (r: ExportedResource): boolean => urns === 'all' || urns.includes(r.urn);
  const resources = exportedResources((await stack.exportStack()).deployment);
  const guarded = resources.filter((r) => meant(r) && r.inputs[deletionGuards[r.type] ?? ''] === true);
  if (guarded.length > 0) {
    const program = stateProgram(resources, (r) => (guarded.includes(r) ? unguarded(r) : r));
    await stack.up({ ...options, program, target: guarded.map((r) => r.urn) });
  }
  const held = resources.filter((r) => meant(r) && (r.protect || guarded.includes(r)));
  if (urns === 'all') await pulumi(['state', 'unprotect', '--all', '--yes']);
  else if (held.length > 0) await pulumi(['state', 'unprotect', ...held.map((r) => r.urn), '--yes']);
};

const unguarded = (resource: ExportedResource): ExportedResource => ({
  ...resource,
  inputs: { ...resource.inputs, [deletionGuards[resource.type] ?? '']: false },
});
