/**
 * Resources that hold data which their replacement would lose. Their replace or delete needs an approval by name, on top of
 * `protect`, which the template sets on them.
 */
const statefulTypes: ReadonlySet<string> = new Set([
  'aws:rds/instance:Instance',
  'aws:kms/key:Key',
  'aws:secretsmanager/secret:Secret',
  'lapidary:local:Database',
]);

export const isStateful = (type: string): boolean => statefulTypes.has(type);
