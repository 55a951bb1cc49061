import type { PropertyMap, PropertyValue } from '../../engine/property-values.js';
import { isMap, isMarkedSecret, isSet, isUnknown, jsonOf } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

export const secretInputs: Readonly<Record<string, readonly string[]>> = {
  [types.database]: ['password'],
  [types.cache]: ['authToken'],
  [types.secretVersion]: ['secretString', 'secretBinary'],
};
/** Names that people give to secrets. `…_FILE` says where one is, `…_URL` of ours carry no password. */
const secretName = /(PASSWORD|TOKEN|SECRET|CREDENTIALS|PRIVATE_KEY)$/;
const urlWithPassword = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s:]*:[^/@\s]+@/;

const environmentOf = (containers: PropertyValue | undefined): readonly PropertyMap[] =>
  Array.isArray(containers)
    ? (containers as readonly PropertyValue[]).filter(isMap).flatMap((c) => {
        const variables = c['environment'];
        return Array.isArray(variables) ? (variables as readonly PropertyValue[]).filter(isMap) : [];
      })
    : [];

export const noPlainSecret: PolicyRule = {
  name: 'no-plain-secret',
  level: 'mandatory',
  description: 'A secret is marked as one, and reaches a container from Secrets Manager and never as a plain variable',
  resourceTypes: [...Object.keys(secretInputs), types.taskDefinition],
  check(resource) {
    const plain = (secretInputs[resource.type] ?? []).find(
      (key) => isSet(resource, key) && !isMarkedSecret(resource, key) && !isUnknown(resource, key),
    );
    if (plain !== undefined) return `${plain} is not marked as a secret: it would stand in the state in plain`;
    const variable = environmentOf(jsonOf(resource, 'containerDefinitions')).find(
      ({ name, value }) => secretName.test(String(name)) || urlWithPassword.test(String(value)),
    );
    return variable === undefined ? undefined : `the variable ${String(variable['name'])} carries a secret in plain; use "secrets"`;
  },
};
