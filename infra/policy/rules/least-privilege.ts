import type { PropertyMap, PropertyValue } from '../../engine/property-values.js';
import { isMap, jsonOf } from '../reading.js';
import type { PolicyRule } from '../policy-rule.js';
import { types } from '../resource-types.js';

const listOf = (value: PropertyValue | undefined): readonly PropertyValue[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? (value as readonly PropertyValue[]) : [value];

/** `*`, or everything of a service. */
const isSweeping = (action: PropertyValue): boolean => typeof action === 'string' && /^([a-z0-9-]+:)?\*$/.test(action);

/** Actions that AWS can't limit to a resource; they read, or ask for a token. */
const withoutResource =
  /^(ecr:GetAuthorizationToken|ec2:Describe[A-Za-z]*|cloudwatch:PutMetricData|ssmmessages:[A-Za-z]+|sts:GetCallerIdentity)$/;

export const leastPrivilege: PolicyRule = {
  name: 'least-privilege',
  level: 'mandatory',
  description: 'A role may do named actions on named resources; no wildcard gives a task what nobody thought of',
  resourceTypes: [types.rolePolicy, 'aws:iam/policy:Policy'],
  check(resource) {
    const document = jsonOf(resource, 'policy');
    const statements = isMap(document) ? listOf(document['Statement']).filter(isMap) : [];
    for (const statement of statements.filter((s) => s['Effect'] === 'Allow')) {
      const problem = problemOf(statement);
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
};

const problemOf = (statement: PropertyMap): string | undefined => {
  const actions = listOf(statement['Action']);
  const sweeping = actions.filter(isSweeping);
  if (sweeping.length > 0 || statement['NotAction'] !== undefined) return `allows ${sweeping.join(', ') || 'all but some actions'}`;
  const everywhere = listOf(statement['Resource']).includes('*') || statement['NotResource'] !== undefined;
  const bound = isMap(statement['Condition']);
  const loose = actions.filter((action) => !withoutResource.test(String(action)));
  return everywhere && !bound && loose.length > 0 ? `allows ${loose.join(', ')} on every resource` : undefined;
};
