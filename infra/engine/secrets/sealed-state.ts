import {
  mapSecrets,
  plain,
  sealedContent,
  sealedSecret,
  secret,
  secretContent,
  type PropertyMap,
  type PropertyValue,
} from '../property-values.js';
import type { StackState } from '../state-model.js';
import type { StateCipher } from './state-cipher.js';

/** The state as it is written: every secret, in properties and in config, encrypted. */
export const sealState = (state: StackState, cipher: StateCipher): StackState =>
  transform(
    state,
    (open) => sealedSecret(cipher.encrypt(JSON.stringify(plain(secretContent(open))))),
    (text) => cipher.encrypt(text),
  );

export const openState = (sealed: StackState, cipher: StateCipher): StackState =>
  transform(
    sealed,
    (found) => secret(JSON.parse(cipher.decrypt(sealedContent(found) ?? '')) as PropertyValue),
    (text) => cipher.decrypt(text),
  );

type Branch = Parameters<Parameters<typeof mapSecrets>[1]>[0];

const transform = (state: StackState, onSecret: (found: Branch) => PropertyValue, onConfig: (text: string) => string): StackState => {
  const map = (values: PropertyMap): PropertyMap => mapSecrets(values, onSecret) as PropertyMap;
  return {
    ...state,
    config: Object.fromEntries(
      Object.entries(state.config).map(([key, entry]) => [key, entry.secret ? { ...entry, value: onConfig(entry.value) } : entry]),
    ),
    resources: state.resources.map((r) => ({ ...r, inputs: map(r.inputs), outputs: map(r.outputs) })),
    pendingOperations: state.pendingOperations.map((p) => ({ ...p, inputs: map(p.inputs) })),
    outputs: map(state.outputs),
  };
};
