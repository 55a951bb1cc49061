import { isRegionName, isStampName, isTenantId, regionOfJob, regionOfStamp } from './names.js';
import { newJobId } from './ids.js';

test.each(['acme', 'a', '9lives', 'a-b', 'x'.repeat(63)])('%s is a tenant id', (id) => expect(isTenantId(id)).toBe(true));

test.each(['', 'Acme', '-a', 'a-', 'a_b', 'a.b', 'x'.repeat(64), 'x'.repeat(300), 'é', 'a b', 'a\n', '../etc'])(
  '%j is no tenant id',
  (id) => expect(isTenantId(id)).toBe(false),
);

test('a stamp name tells its region, also where the region has hyphens', () => {
  expect(regionOfStamp('eu-2')).toBe('eu');
  expect(regionOfStamp('eu-west-12')).toBe('eu-west');
});

test.each(['eu', 'eu-0', 'eu-', 'eu-02', '-1', 'EU-1', 'eu-99999', 'eu-1\n', `${'e'.repeat(21)}-1`])('%j is no stamp name', (name) =>
  expect(isStampName(name)).toBe(false),
);

test.each(['eu', 'eu-west', 'ap1'])('%s is a region name', (name) => expect(isRegionName(name)).toBe(true));
test.each(['', 'eu-1', '1eu', 'EU', 'eu-', 'e'.repeat(21)])('%j is no region name', (name) => expect(isRegionName(name)).toBe(false));

test('a job id tells its region', () => {
  expect(regionOfJob(newJobId('eu-west'))).toBe('eu-west');
  expect(regionOfJob('eu.nonsense')).toBeNull();
});
