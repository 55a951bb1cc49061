import { z } from 'zod';
import * as field from './fields.js';

export const RouterConfigSchema = z.object({
  LAPIDARY_REGION: field.region,
  LAPIDARY_ROUTER_ID: z.string().min(1).max(63).default('router').meta({ description: 'Name of this router in answers and metrics' }),
  LAPIDARY_HTTP_HOST: field.host,
  LAPIDARY_HTTP_PORT: field.port('tenants’ traffic').default(8000),
  LAPIDARY_ADMIN_HOST: field.host,
  LAPIDARY_ADMIN_PORT: field.port('health, readiness, metrics and look-ups').default(8001),
  LAPIDARY_NATS_URL: field.natsUrl,
  LAPIDARY_NATS_USER: field.natsUser,
  LAPIDARY_NATS_PASSWORD: field.natsPassword,
  LAPIDARY_BASE_DOMAIN: field.baseDomain,
  LAPIDARY_DIRECTORY_FILE: z.string().default('.lapidary/directory.json').meta({ description: 'Last good copy of the directory' }),
  LAPIDARY_LOG_LEVEL: field.logLevel,
});
export type RouterConfig = z.infer<typeof RouterConfigSchema>;
