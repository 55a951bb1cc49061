import { blocksOf, isMap, isTrue, isUnknown, textOf } from '../reading.js';
import type { PolicyResource, PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

/** Policies that still speak TLS 1.0 or 1.1 have no "TLS13" in their name. */
const modernTls = /TLS13/;

const listener = (resource: PolicyResource): string | undefined => {
  const protocol = textOf(resource, 'protocol') ?? 'HTTP';
  const redirects = blocksOf(resource, 'defaultActions').every((action) => action['type'] === 'redirect');
  if (protocol === 'HTTP' && redirects) return undefined;
  if (protocol !== 'HTTPS' && protocol !== 'TLS') return `protocol ${protocol} carries requests in plain; use HTTPS or TLS`;
  const tls = textOf(resource, 'sslPolicy') ?? '';
  return modernTls.test(tls) || isUnknown(resource, 'sslPolicy') ? undefined : `sslPolicy "${tls}" allows versions of TLS before 1.2`;
};

const databaseParameters = (resource: PolicyResource): string | undefined => {
  const forced = blocksOf(resource, 'parameters').some((p) => p['name'] === 'rds.force_ssl' && p['value'] === '1');
  return forced ? undefined : 'rds.force_ssl is not 1: the database would take connections in plain';
};

const taskDefinition = (resource: PolicyResource): string | undefined => {
  const plain = blocksOf(resource, 'volumes').filter((volume) => {
    const efs = volume['efsVolumeConfiguration'];
    return isMap(efs) && efs['transitEncryption'] !== 'ENABLED';
  });
  return plain.length === 0 ? undefined : `volume ${plain.map((v) => String(v['name'])).join(', ')} mounts its file system in plain`;
};

export const encryptionInTransit: PolicyRule = {
  name: 'encryption-in-transit',
  level: 'mandatory',
  description: 'What carries tenants’ data between machines does so under TLS 1.2 or newer',
  resourceTypes: [types.listener, types.cache, types.databaseParameters, types.taskDefinition],
  check(resource) {
    if (resource.type === types.listener) return listener(resource);
    if (resource.type === types.databaseParameters) return databaseParameters(resource);
    if (resource.type === types.taskDefinition) return taskDefinition(resource);
    return isTrue(resource, 'transitEncryptionEnabled') ? undefined : 'transitEncryptionEnabled is not true';
  },
};
