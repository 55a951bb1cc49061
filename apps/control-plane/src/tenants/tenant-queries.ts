import { waitSecondsMax } from '@lapidary/contracts/api/jobs';
import { z } from 'zod';

export const WaitQuerySchema = z.object({
  wait: z.coerce.number().int().min(0).max(waitSecondsMax).default(0).meta({ description: 'Seconds to wait until the tenant is served' }),
});

export const ReasonQuerySchema = z.object({ reason: z.string().max(500).optional().meta({ description: 'Why; kept in the audit' }) });
