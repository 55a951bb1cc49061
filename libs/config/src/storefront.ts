import { z } from 'zod';
import * as field from './fields.js';

export const StorefrontConfigSchema = z.object({
  LAPIDARY_STAMP: z.string().meta({ description: 'Stamp it runs in; for answers and logs' }),
  LAPIDARY_HTTP_HOST: field.host,
  LAPIDARY_HTTP_PORT: field.port('the shop’s API'),
  LAPIDARY_DATABASE_URL: z.string().startsWith('postgres').meta({ description: 'The stamp’s own database' }),
  LAPIDARY_WORKLOAD_VERSION: z.string().default('dev').meta({ description: 'Version it reports' }),
  LAPIDARY_FAULTS_FILE: z.string().optional().meta({
    description: 'For tests only: file of faults by version (apps/storefront/src/process/faults.ts); without it none can be injected',
  }),
  LAPIDARY_LOG_LEVEL: field.logLevel,
});
export type StorefrontConfig = z.infer<typeof StorefrontConfigSchema>;
