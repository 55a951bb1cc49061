import { z } from 'zod';
import { roles } from '@lapidary/contracts/api/tokens';

export const SessionRequestSchema = z
  .strictObject({ token: z.string().min(1).max(512).meta({ description: 'An API token' }) })
  .meta({ id: 'SessionRequest' });
export type SessionRequest = z.infer<typeof SessionRequestSchema>;

export const SessionSchema = z
  .object({
    actor: z.string().meta({ description: 'Who you are in audit rows', example: 'token:admin' }),
    via: z.enum(['bearer', 'cookie', 'peer']),
    bindings: z.array(z.object({ role: z.enum(roles), region: z.string().meta({ description: 'A region, or * for every one' }) })),
    region: z.string().meta({ description: 'Region of the geode that answers' }),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof SessionSchema>;
