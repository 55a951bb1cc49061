import { createHash, randomBytes } from 'node:crypto';
import type { PropertyMap } from './property-values.js';

/** What the pretended AWS answers: computed outputs and look-ups in AWS's style, all under `.invalid` or account 000000000000. */

export const simulatedAccount = '000000000000';

interface Made {
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  readonly inputs: PropertyMap;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Outputs of one kind of resource that others in our programs use. */
const special: Readonly<Record<string, (made: Made) => PropertyMap>> = {
  LoadBalancer: ({ id, region }) => ({
    dnsName: `${id}.elb.${region}.simulated.invalid`,
    zoneId: 'ZSIMULATED',
    arnSuffix: `app/${id}`,
  }),
  TargetGroup: ({ id }) => ({ arnSuffix: `targetgroup/${id}` }),
  Instance: ({ id, arn, region }) => ({
    endpoint: `${id}.rds.${region}.simulated.invalid:5432`,
    address: `${id}.rds.${region}.simulated.invalid`,
    identifier: id,
    masterUserSecrets: [{ secretArn: `${arn}/credentials` }],
  }),
  ReplicationGroup: ({ id, region }) => ({ primaryEndpointAddress: `${id}.cache.${region}.simulated.invalid` }),
  Key: ({ id }) => ({ keyId: id }),
  Certificate: ({ id, inputs }) => {
    const name = textOf(inputs['domainName']);
    const record = {
      resourceRecordName: `_${id}.${name}`,
      resourceRecordType: 'CNAME',
      resourceRecordValue: `_${id}.acm.simulated.invalid`,
    };
    return { domainValidationOptions: [{ domainName: name, ...record }] };
  },
  Record: ({ inputs }) => ({ fqdn: textOf(inputs['name']) }),
  Zone: ({ id, inputs }) => ({ zoneId: id, name: textOf(inputs['name']), nameServers: [1, 2].map((n) => `ns-${n}.simulated.invalid`) }),
  Repository: ({ id, region }) => ({ repositoryUrl: `${simulatedAccount}.dkr.ecr.${region}.simulated.invalid/${id}` }),
  Eip: ({ id }) => ({ publicIp: `192.0.2.${(createHash('sha256').update(id).digest()[0] ?? 1) % 254}` }),
};

export const simulatedOutputs = (kind: string, made: Made): PropertyMap => {
  const name = typeof made.inputs['name'] === 'string' ? made.inputs['name'] : made.id;
  return { arn: made.arn, name, ...special[kind]?.(made) };
};

/** Parameters that a region's program would have written (infra/template/aws/region-parameters.ts). */
const parameterValueOf = (name: string, region: string): string => {
  const last = name.slice(name.lastIndexOf('/') + 1);
  if (last === 'domain') return 'stamps.simulated.invalid';
  if (last.endsWith('-arn')) return `arn:aws:simulated:${region}:${simulatedAccount}:${last}`;
  return `simulated-${last}`;
};

const secretLengthUsual = 32;

/** Questions that change nothing and need no object. */
export const simulatedInvoke =
  (region: string) =>
  (token: string, args: PropertyMap): Promise<PropertyMap> => {
    switch (token.slice(token.lastIndexOf(':') + 1)) {
      case 'getRandomPassword': {
        const length = typeof args['passwordLength'] === 'number' ? args['passwordLength'] : secretLengthUsual;
        return Promise.resolve({ ...args, id: region, randomPassword: randomBytes(length).toString('base64url').slice(0, length) });
      }
      case 'getCallerIdentity':
        return Promise.resolve({
          id: simulatedAccount,
          accountId: simulatedAccount,
          arn: `arn:aws:iam::${simulatedAccount}:role/simulated`,
          userId: 'simulated',
        });
      case 'getTransitGateway':
        return Promise.resolve({ ...args, associationDefaultRouteTableId: `tgw-rtb-${textOf(args['id'])}` });
      case 'getParameter': {
        const name = textOf(args['name']);
        return Promise.resolve({ ...args, id: name, type: 'String', value: parameterValueOf(name, region) });
      }
      default:
        return Promise.reject(new Error(`the simulated cloud does not answer ${token}`));
    }
  };
