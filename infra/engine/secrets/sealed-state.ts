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

/**
 * What a cipher has sealed, by the properties it was made of: the state is written after every step, and a step changes one resource of
 * a hundred. Properties are never changed in place (PropertyMap is readonly), so what was sealed once stays true.
 */
const sealedBy = new WeakMap<StateCipher, WeakMap<PropertyMap, PropertyMap>>();

/** The state as it is written: every secret, in properties and in config, encrypted. */
export const sealState = (state: StackState, cipher: StateCipher): StackState => {
  const known = sealedBy.get(cipher) ?? new WeakMap<PropertyMap, PropertyMap>();
  sealedBy.set(cipher, known);
  const onSecret = (open: Branch): PropertyValue => sealedSecret(cipher.encrypt(JSON.stringify(plain(secretContent(open)))));
  const seal = (values: PropertyMap): PropertyMap => {
    const before = known.get(values);
    if (before !== undefined) return before;
    const sealed = mapSecrets(values, onSecret) as PropertyMap;
    known.set(values, sealed);
    return sealed;
  };
  return transform(state, seal, (text) => cipher.encrypt(text));
};

export const openState = (sealed: StackState, cipher: StateCipher): StackState =>
  transform(
    sealed,
    (values) =>
      mapSecrets(values, (found) => secret(JSON.parse(cipher.decrypt(sealedContent(found) ?? '')) as PropertyValue)) as PropertyMap,
    (text) => cipher.decrypt(text),
  );

type Branch = Parameters<Parameters<typeof mapSecrets>[1]>[0];

const transform = (state: StackState, map: (values: PropertyMap) => PropertyMap, onConfig: (text: string) => string): StackState => ({
  ...state,
  config: Object.fromEntries(
    Object.entries(state.config).map(([key, entry]) => [key, entry.secret ? { ...entry, value: onConfig(entry.value) } : entry]),
  ),
  resources: state.resources.map((r) => ({ ...r, inputs: map(r.inputs), outputs: map(r.outputs) })),
  pendingOperations: state.pendingOperations.map((p) => ({ ...p, inputs: map(p.inputs) })),
  outputs: map(state.outputs),
});
