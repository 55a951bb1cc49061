import fc from 'fast-check';
import { secret, unknownValue, type PropertyMap } from '../engine/property-values.js';
import { resourceRules, stackRules } from './all.js';
import { evaluateResource, evaluateStack, isRefused } from './evaluate.js';
import { allowedAwsRegions } from './jurisdictions.js';
import type { PolicyFacts, PolicyResource } from './policy-rule.js';
import { types } from './resource-types.js';

const facts: PolicyFacts = {
  scope: 'stamp',
  owner: 'eu-2',
  jurisdiction: 'eu',
  awsRegion: 'eu-west-1',
  environment: 'production',
  profile: 'small',
  unprotected: false,
};

const of = (type: string, inputs: PropertyMap, protect = false): PolicyResource => ({ type, name: 'it', inputs, protect });
const database = (inputs: PropertyMap): PolicyResource => of(types.database, inputs);
const group = (ingress: PropertyMap): PolicyResource => of(types.securityGroup, { ingress: [ingress] });
const policy = (statement: PropertyMap): PolicyResource => of(types.rolePolicy, { policy: JSON.stringify({ Statement: [statement] }) });
const container = (variable: PropertyMap): PolicyResource =>
  of(types.taskDefinition, { containerDefinitions: JSON.stringify([{ environment: [variable] }]) });
const volume = (transitEncryption: string): PolicyResource =>
  of(types.taskDefinition, { volumes: [{ name: 'data', efsVolumeConfiguration: { transitEncryption } }] });
const stampTags = { stamp: 'eu-2', region: 'eu', template: '1', owner: 'lapidary' };

/** For each rule: what it accepts, and what it refuses with a part of its words. */
const examples: Readonly<
  Record<string, { readonly good: readonly PolicyResource[]; readonly bad: readonly (readonly [PolicyResource, string])[] }>
> = {
  'allowed-regions': {
    good: [of(types.provider, { region: 'eu-west-1' }), of(types.subnet, { availabilityZone: 'eu-west-1b' }), of(types.topic, {})],
    bad: [
      [of(types.provider, { region: 'us-east-1' }), 'the jurisdiction "eu" allows eu-west-1'],
      [of(types.provider, { region: 'eu-west-2' }), 'would lie in eu-west-2'],
      [of(types.provider, { region: 'eu-central-1' }), 'but eu-2 is in eu-west-1'],
      [of(types.database, { region: 'us-east-1' }), 'would lie in us-east-1'],
      [of(types.subnet, { availabilityZone: 'us-east-1a' }), 'would lie in us-east-1'],
    ],
  },
  'encryption-at-rest': {
    good: [
      database({ storageEncrypted: true, kmsKeyId: unknownValue }),
      of(types.logGroup, { kmsKeyId: 'arn:key' }),
      of(types.repository, { encryptionConfigurations: [{ encryptionType: 'KMS' }] }),
    ],
    bad: [
      [database({ kmsKeyId: 'arn:key' }), 'storageEncrypted is not true'],
      [database({ storageEncrypted: true }), 'kmsKeyId names no key'],
      [of(types.fileSystem, { kmsKeyId: 'k', encrypted: false }), 'encrypted is not true'],
      [of(types.topic, {}), 'kmsMasterKeyId names no key'],
      [of(types.repository, { encryptionConfigurations: [{ encryptionType: 'AES256' }] }), 'no KMS key'],
    ],
  },
  'encryption-in-transit': {
    good: [
      of(types.listener, { protocol: 'HTTPS', sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06', defaultActions: [{ type: 'forward' }] }),
      of(types.listener, { protocol: 'HTTP', defaultActions: [{ type: 'redirect' }] }),
      of(types.cache, { transitEncryptionEnabled: true }),
      of(types.databaseParameters, { parameters: [{ name: 'rds.force_ssl', value: '1' }] }),
      volume('ENABLED'),
    ],
    bad: [
      [of(types.listener, { protocol: 'HTTP', defaultActions: [{ type: 'forward' }] }), 'protocol HTTP'],
      [
        of(types.listener, { protocol: 'HTTPS', sslPolicy: 'ELBSecurityPolicy-2016-08', defaultActions: [{ type: 'forward' }] }),
        'before 1.2',
      ],
      [of(types.cache, {}), 'transitEncryptionEnabled'],
      [of(types.databaseParameters, { parameters: [] }), 'rds.force_ssl'],
      [volume('DISABLED'), 'volume data'],
    ],
  },
  'no-public-database': {
    good: [database({ publiclyAccessible: false })],
    bad: [
      [database({ publiclyAccessible: true }), 'publiclyAccessible'],
      [database({}), 'publiclyAccessible'],
    ],
  },
  'no-open-ingress': {
    good: [
      group({ fromPort: 443, toPort: 443, cidrBlocks: ['0.0.0.0/0'] }),
      group({ fromPort: 80, toPort: 80, cidrBlocks: ['10.0.0.0/8'] }),
      of('aws:ec2/securityGroupRule:SecurityGroupRule', { type: 'egress', fromPort: 0, toPort: 0, cidrBlocks: ['0.0.0.0/0'] }),
    ],
    bad: [
      [group({ fromPort: 22, toPort: 22, cidrBlocks: ['0.0.0.0/0'] }), 'ports 22 to 22'],
      [group({ fromPort: 80, toPort: 443, cidrBlocks: ['10.0.0.0/8', '0.0.0.0/0'] }), 'ports 80 to 443'],
      [group({ fromPort: 0, toPort: 0, ipv6CidrBlocks: ['::/0'] }), 'everybody'],
      [of('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule', { fromPort: 22, toPort: 22, cidrIpv4: '0.0.0.0/0' }), '22'],
    ],
  },
  'no-plain-secret': {
    good: [
      of(types.secretVersion, { secretString: secret('s') }),
      of(types.cache, { authToken: unknownValue }),
      container({ name: 'LAPIDARY_DATABASE_URL', value: 'postgres://lapidary@host/db' }),
      container({ name: 'LAPIDARY_ADMIN_TOKEN_FILE', value: '/run/token' }),
    ],
    bad: [
      [of(types.secretVersion, { secretString: 's' }), 'secretString is not marked'],
      [database({ password: 'hunter2' }), 'password is not marked'],
      [container({ name: 'PGPASSWORD', value: 'hunter2' }), 'PGPASSWORD'],
      [container({ name: 'DB', value: 'postgres://u:hunter2@host/db' }), 'DB carries'],
    ],
  },
  'least-privilege': {
    good: [
      policy({ Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: ['arn:aws:secretsmanager:::x'] }),
      policy({ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }),
      policy({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*', Condition: { StringEquals: { a: 'b' } } }),
      policy({ Effect: 'Deny', Action: '*', Resource: '*' }),
      of(types.rolePolicy, { policy: unknownValue }),
    ],
    bad: [
      [policy({ Effect: 'Allow', Action: '*', Resource: 'arn:x' }), 'allows *'],
      [policy({ Effect: 'Allow', Action: ['s3:*'], Resource: 'arn:x' }), 'allows s3:*'],
      [policy({ Effect: 'Allow', NotAction: 'iam:PassRole', Resource: 'arn:x' }), 'all but some'],
      [policy({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }), 'on every resource'],
    ],
  },
  'key-rotation': { good: [of(types.key, { enableKeyRotation: true })], bad: [[of(types.key, {}), 'enableKeyRotation']] },
  'multi-az-in-production': {
    good: [database({ multiAz: true }), of(types.cache, { multiAzEnabled: true, automaticFailoverEnabled: true })],
    bad: [
      [database({ multiAz: false }), 'multiAz'],
      [of(types.cache, { multiAzEnabled: true }), 'automaticFailoverEnabled must be true'],
    ],
  },
  backups: {
    good: [
      database({ backupRetentionPeriod: 14, skipFinalSnapshot: false }),
      of(types.cache, { snapshotRetentionLimit: 14 }),
      of(types.fileSystemBackup, { backupPolicy: { status: 'ENABLED' } }),
    ],
    bad: [
      [database({ backupRetentionPeriod: 13, skipFinalSnapshot: false }), 'backupRetentionPeriod is 13'],
      [database({ backupRetentionPeriod: 35 }), 'skipFinalSnapshot'],
      [of(types.cache, {}), 'snapshotRetentionLimit is 0'],
      [of(types.fileSystemBackup, { backupPolicy: { status: 'DISABLED' } }), 'not ENABLED'],
    ],
  },
  'deletion-protection': {
    good: [
      database({ deletionProtection: true }),
      of(types.loadBalancer, { enableDeletionProtection: true }),
      of(types.key, { deletionWindowInDays: 30 }),
    ],
    bad: [
      [database({}), 'deletionProtection is not true'],
      [of(types.loadBalancer, { enableDeletionProtection: false }), 'enableDeletionProtection'],
      [of(types.key, { deletionWindowInDays: 7 }), 'deletionWindowInDays is 7'],
    ],
  },
  'stateful-protected': {
    good: [of(types.database, {}, true), of(types.topic, {}), of('lapidary:local:Database', {})],
    bad: [
      [of(types.database, {}), 'protect'],
      [of(types.fileSystem, {}), 'protect'],
    ],
  },
  'log-retention': {
    good: [of(types.logGroup, { retentionInDays: 90 }), of(types.logGroup, { retentionInDays: 400 })],
    bad: [
      [of(types.logGroup, {}), 'for ever'],
      [of(types.logGroup, { retentionInDays: 30 }), 'is 30'],
      [of(types.logGroup, { retentionInDays: 3653 }), 'is 3653'],
    ],
  },
  tags: {
    good: [of(types.topic, { tags: stampTags }), of('aws:route53/record:Record', {}), of('lapidary:local:Port', {})],
    bad: [
      [of(types.topic, {}), 'lacks the tags stamp, region, template, owner'],
      [of(types.topic, { tags: { ...stampTags, owner: '' } }), 'lacks the tag owner'],
      [of(types.topic, { tags: { ...stampTags, stamp: 'eu-1' } }), 'stamp=eu-1, but belongs to eu-2'],
    ],
  },
  'cost-class': {
    good: [database({ instanceClass: 'db.t4g.medium' }), of(types.cache, { nodeType: 'cache.t4g.small' })],
    bad: [
      [database({ instanceClass: 'db.t4g.large' }), 'up to "medium"'],
      [database({ instanceClass: 'db.m5.large' }), 'allows the families t4g'],
      [of(types.cache, { nodeType: 'cache.t4g.nonesuch' }), 'up to "medium"'],
    ],
  },
};

/** Those findings that the rule itself has. */
const said = (rule: string, resource: PolicyResource, on: PolicyFacts = facts): readonly string[] =>
  evaluateResource(resource, on).flatMap((f) => (f.rule === rule ? [f.message] : []));

test('every rule has an example that it accepts and one that it refuses, and a name of its own', () => {
  expect(Object.keys(examples).sort()).toEqual(resourceRules.map((r) => r.name).sort());
  for (const { good, bad } of Object.values(examples)) expect([good.length > 0, bad.length > 0]).toEqual([true, true]);
  const names = [...resourceRules, ...stackRules].map((r) => r.name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(Object.entries(examples))('%s', (rule, { good, bad }) => {
  test.each(good.map((r) => [`${r.type} ${JSON.stringify(r.inputs)}`, r] as const))('accepts %s', (_, resource) => {
    expect(said(rule, resource)).toEqual([]);
  });

  test.each(bad.map(([r, words]) => [words, r] as const))('refuses with "%s"', (words, resource) => {
    expect(said(rule, resource).join('; ')).toContain(words);
  });
});

describe('what the rules make of the circumstances', () => {
  test('one zone is enough outside production', () => {
    expect(said('multi-az-in-production', database({ multiAz: false }), { ...facts, environment: 'test' })).toEqual([]);
  });

  test('protection may be lifted on purpose, and only that', () => {
    const lifted = { ...facts, unprotected: true };
    expect(said('deletion-protection', database({ deletionProtection: false }), lifted)).toEqual([]);
    expect(said('stateful-protected', database({}), lifted)).toEqual([]);
    expect(said('no-public-database', database({}), lifted)).toHaveLength(1);
  });

  test('a jurisdiction that nobody has described allows no AWS region at all (I3)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('toString', 'constructor', '__proto__')), (jurisdiction) => {
        fc.pre(allowedAwsRegions(jurisdiction).length === 0);
        const findings = evaluateResource(of(types.provider, { region: 'eu-west-1' }), { ...facts, jurisdiction });
        return isRefused(findings);
      }),
    );
  });

  test('no rule throws, whatever the inputs are', () => {
    const anyType = fc.constantFrom(...Object.values(types));
    fc.assert(
      fc.property(anyType, fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (type, inputs, odd) => {
        const keys = ['ingress', 'parameters', 'policy', 'tags', 'volumes', 'defaultActions', 'containerDefinitions', 'backupPolicy'];
        const all = { ...inputs, ...Object.fromEntries(keys.map((key) => [key, odd])) } as PropertyMap;
        return Array.isArray(evaluateStack([of(type, all)], facts));
      }),
    );
  });
});

describe('rules on a whole stack', () => {
  const stack = (rule: string, resources: readonly PolicyResource[]): readonly string[] =>
    evaluateStack(resources, facts).flatMap((f) => (f.rule === rule ? [f.message] : []));
  const subnet = (zone: string): PolicyResource => of(types.subnet, { availabilityZone: zone });

  test('two-zones', () => {
    expect(stack('two-zones', [subnet('eu-west-1a'), subnet('eu-west-1b')])).toEqual([]);
    expect(stack('two-zones', [subnet('eu-west-1a'), subnet('eu-west-1a')])).toEqual(['all subnets are in eu-west-1a']);
  });

  test('stores-kept', () => {
    const bucket = [types.bucket, types.bucketBlock, types.bucketVersioning, types.bucketEncryption].map((t) => of(t, {}));
    expect(stack('stores-kept', [of(types.fileSystem, {}), of(types.fileSystemBackup, {}), ...bucket])).toEqual([]);
    expect(stack('stores-kept', [of(types.fileSystem, {}), of(types.bucket, {})])).toHaveLength(4);
  });

  test('monthly-cost', () => {
    const machine = (instanceClass: string) => database({ instanceClass, multiAz: true, allocatedStorage: 50 });
    expect(stack('monthly-cost', [machine('db.t4g.medium')])).toEqual([]);
    expect(stack('monthly-cost', [machine('db.r7g.2xlarge')])[0]).toMatch(/about \d+ USD a month .* the small profile allows 600/);
  });
});
