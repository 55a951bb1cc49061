import type { DriftedResource, ParsedProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { StateFile } from '../state-file.js';
import { stackType } from '../urn.js';
import { StateKeys } from './state-keys.js';

/**
 * A stack whose state is still sealed with another key than the one that is set. It is no fault, but nobody may take the old key away
 * before the last of them is gone: so it is found like any other difference, and the next provision ends it.
 */
export const keyDrift = async (run: ParsedProvisionRun): Promise<readonly DriftedResource[]> => {
  if (run.engine !== 'embedded') return [];
  const name = run.spec.name;
  const header = await new StateFile(run.stateDir, name, run).sealedWith();
  if (header === undefined || StateKeys.nameOf(header) === run.stateKey) return [];
  return [{ resourceType: stackType, name, path: 'stateKey', expected: run.stateKey, observed: StateKeys.nameOf(header) }];
};
