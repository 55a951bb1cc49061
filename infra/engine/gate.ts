import { needsApproval, type ParsedProvisionRun, type PlannedChange, type PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import { EngineError } from './engine-error.js';

/**
 * Stands between the plan and the work: refuses before anything is changed what a mandatory policy forbids, and what would
 * lose data without an approval by name.
 */
export const passGate = (plan: readonly PlannedChange[], findings: readonly PolicyFinding[], run: ParsedProvisionRun): void => {
  const refused = findings.filter(({ level }) => level === 'mandatory');
  if (refused.length > 0) throw policyRefusal(refused);
  const unapproved = needsApproval(plan, run.approveReplace);
  if (unapproved.length === 0) return;
  const names = unapproved.map(({ name }) => name);
  const what = unapproved.map(({ op, resourceType, name }) => `${op} ${resourceType} "${name}"`).join(', ');
  throw new EngineError('approval_needed', `this would lose data: ${what}; approve each by name, or change the spec back`, {
    names,
  });
};

/** A line of a log, not a report: all findings are in the details. */
const findingsToldMax = 3;

export const policyRefusal = (findings: readonly PolicyFinding[]): EngineError => {
  const told = findings.slice(0, findingsToldMax).map(({ rule, resource, message }) => `${rule}: "${resource}" ${message}`);
  const more = findings.length > told.length ? [`and ${findings.length - told.length} more`] : [];
  return new EngineError('policy_refused', [...told, ...more].join('; '), { findings });
};
