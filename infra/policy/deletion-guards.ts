import { types } from './resource-types.js';

/** Resources that AWS itself refuses to delete while a property says so: type → that property. */
export const deletionGuards: Readonly<Record<string, string>> = {
  [types.database]: 'deletionProtection',
  [types.loadBalancer]: 'enableDeletionProtection',
};
