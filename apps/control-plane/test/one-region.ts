import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneConfigSchema, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { testNats } from '@lapidary/testing/backends';

export const adminToken = 'test-admin-token-0123456789';

/** The configuration of a region's only process, with the files that it names in that directory. */
export const configOfOneRegion = async (region: string, databaseUrl: string, directory: string): Promise<ControlPlaneConfig> => {
  const where = 'displayName: Test, jurisdiction: law, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 }';
  await writeFile(join(directory, 'regions.yaml'), `regions: { ${region}: { ${where} } }`);
  await writeFile(join(directory, 'token'), adminToken);
  return ControlPlaneConfigSchema.parse({
    LAPIDARY_REGION: region,
    LAPIDARY_HTTP_PORT: '0',
    LAPIDARY_DATABASE_URL: databaseUrl,
    LAPIDARY_NATS_URL: testNats().url,
    LAPIDARY_STAMPS_DIR: directory,
    LAPIDARY_ADMIN_TOKEN_FILE: join(directory, 'token'),
    LAPIDARY_CONSOLE_DIR: join(directory, 'none'),
    LAPIDARY_LOG_LEVEL: process.env['LAPIDARY_TEST_LOG'] ?? 'silent',
  });
};
