import { everyRegion, roles } from '@lapidary/contracts/api/tokens';
import { AppError } from '@lapidary/kernel/app-error';
import { z } from 'zod';

export type Role = (typeof roles)[number];

export const PrincipalSchema = z.object({
  /** `token:<name>`; what audit rows and events call the caller. */
  actor: z.string().min(1).max(200),
  bindings: z.array(z.object({ role: z.enum(roles), region: z.string().min(1) })),
  /** Set for the workload of a stamp: it has no role, and reaches documents of that stamp's tenants only. */
  stamp: z.string().optional(),
  via: z.enum(['bearer', 'cookie', 'peer']),
});
export type Principal = z.infer<typeof PrincipalSchema>;

/** Each role includes those before it. */
const rank = (role: Role): number => roles.indexOf(role);

/** Whether the caller has `role` or more in `region`; without a region, in any. */
export const hasRole = (principal: Principal, role: Role, region?: string): boolean =>
  principal.bindings.some((b) => rank(b.role) >= rank(role) && (region === undefined || b.region === everyRegion || b.region === region));

export const requireRole = (principal: Principal, role: Role, region?: string): void => {
  if (hasRole(principal, role, region)) return;
  const where = region === undefined ? '' : ` in region ${region}`;
  throw new AppError('forbidden', `This needs the role "${role}"${where}`, { details: { role, region: region ?? null } });
};

/**
 * The same, of callers of this region's own API alone: a peer's word that somebody has a role is good for a request about what its region may reach,
 * not for what lets others in, or gives up what this region has.
 */
export const requireRoleHere = (principal: Principal | null, role: Role, region: string): Principal => {
  if (!principal) throw new AppError('unauthenticated');
  if (principal.via === 'peer') throw new AppError('forbidden', 'This is asked for at the region’s own API, not through another one');
  requireRole(principal, role, region);
  return principal;
};

/** The caller with no more than `roleMax` anywhere: what another region's people may do here. */
export const limitTo = (principal: Principal, roleMax: Role): Principal => ({
  ...principal,
  bindings: principal.bindings.map((b) => (rank(b.role) > rank(roleMax) ? { ...b, role: roleMax } : b)),
});
