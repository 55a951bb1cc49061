import { Button, Group, NativeSelect, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { everyRegion, roles, type Binding } from '@lapidary/contracts/api/tokens';
import { regionsQuery } from '../api/queries.js';

/** Roles, each in one region or in all; the first can't be taken away, since a token without a role may nothing. */
export const BindingsField = ({
  bindings,
  change,
}: {
  bindings: readonly Binding[];
  change: (bindings: readonly Binding[]) => void;
}): ReactNode => {
  const regions = (useQuery(regionsQuery).data ?? []).map((r) => r.name);
  const set = (at: number, part: Partial<Binding>): void => change(bindings.map((b, n) => (n === at ? { ...b, ...part } : b)));
  return (
    <Stack gap="xs" role="group" aria-label="Roles">
      {bindings.map((binding, n) => (
        <Group key={n} gap="xs" align="flex-end">
          <NativeSelect
            label={n === 0 ? 'Role' : undefined}
            aria-label={`Role ${n + 1}`}
            value={binding.role}
            data={[...roles]}
            onChange={(event) => set(n, { role: roles.find((role) => role === event.currentTarget.value) ?? 'viewer' })}
          />
          <NativeSelect
            label={n === 0 ? 'In' : undefined}
            aria-label={`Region of role ${n + 1}`}
            value={binding.region}
            data={[{ value: everyRegion, label: 'every region' }, ...regions]}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              set(n, { region: chosen === everyRegion ? everyRegion : RegionNameSchema.parse(chosen) });
            }}
          />
          {n > 0 && (
            <Button
              size="xs"
              variant="default"
              aria-label={`Remove role ${n + 1}`}
              onClick={() => change(bindings.filter((_, at) => at !== n))}
            >
              Remove
            </Button>
          )}
        </Group>
      ))}
      <Group>
        <Button size="xs" variant="default" onClick={() => change([...bindings, { role: 'operator', region: everyRegion }])}>
          Another role
        </Button>
      </Group>
    </Stack>
  );
};
